import type { Connection } from "./connection.ts";
import { unanswered } from "./transport.ts";

/** What the API server says of itself. */
export interface About {
  /** `v1.36.3`. */
  version: string;
  /** Its clock by the header Date, milliseconds since the epoch, to the second; undefined when something in between took it away. */
  date: number | undefined;
}

/** Asks /version, which everybody may. @throws ApiError */
export async function aboutServer(connection: Connection, timeoutMs = 5_000): Promise<About> {
  const doing = "get /version";
  try {
    const { pathname } = new URL(connection.server);
    const response = await connection.requests.request({
      path: `${pathname.replace(/\/$/, "")}/version`,
      method: "GET",
      headers: await connection.headers(),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { gitVersion = "unknown" } = (await response.body.json()) as { gitVersion?: string };
    const date = Date.parse(String(response.headers["date"] ?? ""));
    return { version: gitVersion, date: Number.isNaN(date) ? undefined : date };
  } catch (error) {
    throw unanswered(doing, error, timeoutMs);
  }
}
