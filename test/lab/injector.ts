/** istiod's own sidecar injector (`--injector`): which pods it is asked about, and how a test renames it or takes it down. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ISTIOD_HTTPS } from "./addresses.ts";
import type { Lab } from "./lab.ts";
import { partFile } from "./parts/ensureParts.ts";
import { until } from "./until.ts";

/** The chart's name for the ConfigMap with the templates and for the webhook configuration. */
export const INJECTOR = "istio-sidecar-injector";

/** Nobody listens here, so a webhook at this address fails at once and not after its 10 s. */
const NOBODY = "127.0.0.1:9";

export interface InjectorSetup {
  /** Name of the MutatingWebhookConfiguration: kube-apiserver asks configurations in the order of their names. */
  readonly name?: string;
  /** The webhook's address refuses connections; istiod itself goes on. */
  readonly down?: boolean;
  /** What the chart's four webhooks say (`Fail`, `Never`), when it is to be something else. */
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

interface Configuration {
  kind: string;
  metadata: { name: string };
  webhooks: { clientConfig: object; failurePolicy: string; reinvocationPolicy: string }[];
}

/**
 * The chart's ConfigMap, from which istiod takes templates and values when it starts, and its MutatingWebhookConfiguration, of which only
 * the way to istiod differs: an address of the loopback in place of a Service.
 * @param ca the certificate (PEM) of the authority that signed istiod's
 */
export async function injectorObjects(ca: string, setup: InjectorSetup = {}): Promise<object[]> {
  const objects = JSON.parse(await readFile(await partFile("istio-injector.json"), "utf8")) as object[];
  return objects.map((object) => (isConfiguration(object) ? configured(object, ca, setup) : object));
}

function configured(chart: Configuration, ca: string, { name = INJECTOR, down = false, ...policies }: InjectorSetup): Configuration {
  const clientConfig = { url: `https://${down ? NOBODY : ISTIOD_HTTPS}/inject`, caBundle: Buffer.from(ca).toString("base64") };
  return {
    ...chart,
    metadata: { ...chart.metadata, name },
    webhooks: chart.webhooks.map((webhook) => ({ ...webhook, ...policies, clientConfig })),
  };
}

function isConfiguration(object: object): object is Configuration {
  return (object as Configuration).kind === "MutatingWebhookConfiguration";
}

/**
 * Puts the injector's webhook configuration, whatever it is now, into this state; done when kube-apiserver acts on it. No pod slips through:
 * those that would get a sidecar are refused until then. `setInjector(lab)` is the state in which a lab with an injector starts.
 */
export async function setInjector(lab: Lab, setup: InjectorSetup = {}): Promise<void> {
  const { name = INJECTOR, down, failurePolicy } = setup;
  const apply = async (to: InjectorSetup) => {
    const objects = await injectorObjects(await readFile(join(lab.dir, "ca.crt"), "utf8"), to);
    await lab.apply(JSON.stringify(objects.find(isConfiguration)));
  };
  const becomes = (wanted: Fate) =>
    until(`a pod that asks for a sidecar to be ${wanted}`, async () => (await fateOfPod(lab)) === wanted, 30);

  // A state of its own between the former and the next one: else the first look could not tell which of the two has answered.
  const former = (await lab.kubectl("get", ...CONFIGURATIONS, "-o", "jsonpath={.items[*].metadata.name}")).split(" ");
  for (const each of former) await apply({ name: each || name, down: true, failurePolicy: "Fail" });
  await becomes("refused");
  await apply({ ...setup, name });
  await lab.kubectl("delete", ...CONFIGURATIONS, `--field-selector=metadata.name!=${name}`);
  await becomes(!down ? "injected" : failurePolicy === "Ignore" ? "left alone" : "refused");
}

type Fate = "injected" | "left alone" | "refused";
const CONFIGURATIONS = ["mutatingwebhookconfiguration", "-l", "app=sidecar-injector"];

/** What becomes of a pod that asks for a sidecar, found out by a dry run in the namespace default. */
async function fateOfPod(lab: Lab): Promise<Fate> {
  const pod = ["run", "probe", "--image=probe:1", "--labels=sidecar.istio.io/inject=true", "--dry-run=server", "-o", "json"];
  try {
    return (await lab.kubectl(...pod)).includes('"istio-proxy"') ? "injected" : "left alone";
  } catch (error) {
    if (String(error).includes("failed calling webhook")) return "refused";
    throw error;
  }
}
