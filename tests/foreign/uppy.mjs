// Uploads files with Uppy's own S3 plugin, as a page would, to a server that speaks Companion's /s3 routes.
//
//   node uppy.mjs (uppy5|uppy6) BASE [--pause] [--cancel] FILE...
//
// BASE is what stands before /s3/…. Every file goes as a multipart upload with parts of 5 MiB. --pause: stops everything after
// the first part of each file and goes on after a moment, so that the parts are listed. --cancel: gives everything up after
// the first part. Prints one line of JSON for each file, and ends with 1 when one failed.

import { openAsBlob } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { NodeXMLHttpRequest } from "./xhr.mjs";

const [version, base, ...rest] = process.argv.slice(2);
const files = rest.filter((word) => !word.startsWith("--"));
const wants = (option) => rest.includes(option);
if (!["uppy5", "uppy6"].includes(version) || !base || files.length === 0) {
  console.error("node uppy.mjs (uppy5|uppy6) BASE [--pause] [--cancel] FILE...");
  process.exit(2);
}

globalThis.XMLHttpRequest = NodeXMLHttpRequest;
const here = createRequire(join(fileURLToPath(new URL(`./${version}`, import.meta.url)), "package.json"));
const load = async (name) => (await import(pathToFileURL(here.resolve(name)))).default;
const [Uppy, AwsS3] = [await load("@uppy/core"), await load("@uppy/aws-s3")];

const parts = new Map();
const print = (file, more) => console.log(JSON.stringify({ file: file.name, parts: parts.get(file.id) ?? 0, ...more }));
const uppy = new Uppy({ autoProceed: false });
uppy.use(AwsS3, {
  // Version 5 and version 6 call it differently.
  [version === "uppy5" ? "endpoint" : "companionEndpoint"]: base,
  shouldUseMultipart: true,
  getChunkSize: () => 5 << 20,
});
uppy.on("s3-multipart:part-uploaded", (file) => {
  parts.set(file.id, (parts.get(file.id) ?? 0) + 1);
  if (parts.get(file.id) > 1) return;
  if (wants("--cancel")) uppy.cancelAll();
  if (wants("--pause")) {
    uppy.pauseAll();
    setTimeout(() => uppy.resumeAll(), 200);
  }
});
uppy.on("upload-error", (file, error) => print(file, { error: String(error?.message ?? error) }));
uppy.on("upload-success", (file, answer) => print(file, { location: answer.uploadURL, key: answer.body?.key }));
uppy.on("cancel-all", () => {
  console.log(JSON.stringify({ cancelled: true }));
  // The abort is on its way; it is the last thing that keeps this program.
  process.exitCode = 0;
});

for (const path of files) {
  // As a browser's File: named, with a type, read as it is sent.
  const blob = await openAsBlob(path, { type: "application/octet-stream" });
  uppy.addFile({ name: basename(path), type: blob.type, data: blob });
}
const result = await uppy.upload();
if (!wants("--cancel") && (result?.failed?.length !== 0 || result.successful.length !== files.length)) {
  process.exitCode = 1;
}
