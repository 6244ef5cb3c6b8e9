{{- /* The image of all three programs. */}}
{{- define "serin.image" -}}
{{- .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* Where the worker is let out to: the port of prometheus.address, else its scheme's. */}}
{{- define "serin.prometheusPort" -}}
{{- $url := urlParse .Values.prometheus.address }}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}
