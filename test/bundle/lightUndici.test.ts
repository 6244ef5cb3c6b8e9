import { afterAll, vi } from "vitest";

/** What the bundle of `kubectl serin` has in undici's place answers to all that is asked of undici itself. */
vi.mock("undici", () => import("../../src/bundle/lightUndici.ts"));

// Test files of one worker share their modules: these are to be loaded anew, and not to be left to others.
vi.resetModules();
afterAll(() => void vi.resetModules());
await import("../kube/client.test.ts");
await import("../kube/connection.test.ts");
