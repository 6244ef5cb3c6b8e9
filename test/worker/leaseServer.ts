/** Leases in memory with compare-and-swap, and the faults that a test asks for. Several candidates share one. */
import { ApiError } from "../../src/kube/apiError.ts";
import type { Client } from "../../src/kube/client.ts";
import type { Lease } from "../../src/kube/object.ts";

type LeaseClient = Pick<Client, "get" | "create" | "replace">;

export class LeaseServer {
  lease: Lease | undefined;
  /** Its namespace is being deleted: no Lease can be made. */
  isGoing = false;
  /** The right to the Lease is gone. */
  isForbidden = false;
  writes = 0;
  private version = 0;

  /** A client of one candidate. Its link can be cut, made to hang, to lose answers of writes that happened, or to hold all answers back. */
  client(): LeaseClient & { link: "up" | "down" | "hanging" | "losing answers"; answersHeld: Promise<void> | undefined } {
    const answer = async <T>(work: () => T, isWrite: boolean): Promise<T> => {
      if (made.link === "hanging") {
        return new Promise(() => {});
      }
      if (made.link === "down") {
        throw failure(0, "Unreachable");
      }
      if (this.isForbidden) {
        throw failure(403, "Forbidden");
      }
      const result = work();
      await made.answersHeld;
      if (made.link === "losing answers" && isWrite) {
        throw failure(0, "Timeout");
      }
      return result;
    };
    const made = {
      link: "up" as "up" | "down" | "hanging" | "losing answers",
      answersHeld: undefined as Promise<void> | undefined,
      get: () => answer(() => structuredClone(this.lease), false),
      create: (_: unknown, lease: Lease) => answer(() => this.create(lease), true),
      replace: (_: unknown, lease: Lease) => answer(() => this.replace(lease), true),
    };
    return made as unknown as LeaseClient & typeof made;
  }

  /** Somebody with kubectl. */
  edit(spec: Partial<NonNullable<Lease["spec"]>>, labels?: Record<string, string>): void {
    if (this.lease) {
      this.store({ ...this.lease, spec: { ...this.lease.spec, ...spec } }, this.lease.metadata.uid, labels);
    }
  }

  private create(lease: Lease): Lease {
    if (this.lease) {
      throw failure(409, "AlreadyExists");
    }
    if (this.isGoing) {
      throw failure(403, "Forbidden");
    }
    this.writes += 1;
    return this.store(lease, `uid-${this.version}`);
  }

  private replace(lease: Lease): Lease {
    if (!this.lease) {
      throw failure(404, "NotFound");
    }
    if (lease.metadata.resourceVersion !== this.lease.metadata.resourceVersion) {
      throw failure(409, "Conflict");
    }
    this.writes += 1;
    return this.store(lease, this.lease.metadata.uid);
  }

  private store(lease: Lease, uid: string | undefined, labels = {}): Lease {
    this.version += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, labels, uid: uid ?? "", resourceVersion: String(this.version) } };
    return structuredClone(this.lease);
  }
}

const failure = (code: number, reason: string): ApiError => new ApiError({ code, reason, doing: "lease", message: "" });
