/** The figures of a process, as Prometheus would scrape them: name with labels → value as written. */
export async function figures(address: string): Promise<Map<string, string>> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]));
}
