import type { Remark } from "./remark.ts";

/** What came of other projects' manifests. */
export interface Imported {
  /** Policies and templates, as they are to be applied. */
  objects: object[];
  remarks: Remark[];
}
