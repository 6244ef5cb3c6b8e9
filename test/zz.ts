import { resources } from "../src/kube/resources.ts";
import { tell } from "./scenes/tell.ts";
const at = Number(process.argv[2]);
const cluster = await tell({ podsDie: true }, at);
cluster.server.onChange((c)=>console.log(((cluster.clock.now()%3600000)/1000).toFixed(2), c.type, c.resource.plural, c.object.metadata.name, (c.object as any).status?.stage ?? "", (c.object as any).reason ?? ""));
cluster.users.remove(resources.deployments, "nginx");
await cluster.run(15000);
console.log(cluster.describe(), cluster.findings());
process.exit(0);
