/** A thread of `make bench-analysis`: plays the job that it was given. */
import { parentPort, workerData } from "node:worker_threads";
import { type Job, play } from "./play.ts";

parentPort?.postMessage(play(workerData as Job));
