//! The document, from routes and types.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use syn::{FnArg, GenericArgument, ItemFn, PathArguments, ReturnType, Type};
use windlass_core::error::ErrorCode;
use windlass_core::states::{FilePartState, GroupState, JobState, ObjectState, RunState, SessionState};

use crate::routes::{Route, file, files, routes};
use crate::schema::{Schemas, doc};

const ABOUT: &str = "The ledger of uploads. Ids are UUIDv7 and made by the caller where it creates something, so every \
    call may be repeated with the same answer. Times are milliseconds since 1970. Errors are problem details \
    (RFC 9457) whose `code` is stable. Routes outside of /v1 speak the words of earlier systems.";

/// What functions without a comment, and closures, are for.
const WORDS: &[(&str, &str)] = &[
    ("get /healthz", "The process lives."),
    (
        "get /readyz",
        "Whether database and storages answer and no shutdown was asked for; 503 when not.",
    ),
    ("get /metrics", "Figures for Prometheus."),
    ("get /openapi.json", "This description."),
    ("get /docs", "This description, to be read."),
    ("get /status", "The page of operators."),
    (
        "post /outbox/status",
        "A worker's report, in the words of the two tracks.",
    ),
    ("put /v1/blob/{object}", "Storage over HTTP, by signed URL."),
    ("get /v1/blob/{object}", "Storage over HTTP, by signed URL."),
    (
        "get /v1/changes",
        "What changed since a cursor; `wait` holds the answer until something does.",
    ),
    ("get /v1/changes/stream", "The same as server-sent events."),
    ("post /v1/destinations", "Makes a destination."),
    ("get /v1/destinations/{id}", "A destination."),
    (
        "patch /v1/destinations/{id}",
        "Changes limits, types, visibility or pipeline.",
    ),
    ("put /v1/destinations/{id}", "Makes a destination under an id."),
    ("delete /v1/destinations/{id}", "Retires a destination."),
    ("post /v1/destinations/{id}/probe", "Tries a destination."),
    ("post /v1/destinations/{id}/test", "Tries a destination."),
    (
        "post /v1/destinations:test",
        "Tries an address without keeping it.",
    ),
    (
        "post /v1/groups",
        "Makes a group, by a template or for one destination.",
    ),
    ("get /v1/groups", "One's groups, newest first."),
    ("get /v1/groups/{id}", "A group with its counts."),
    ("patch /v1/groups/{id}", "Changes name, description or metadata."),
    (
        "delete /v1/groups/{id}",
        "Deletes a group with its files; what was processed stays.",
    ),
    ("post /v1/groups/{id}/cancel", "Gives a group up."),
    (
        "post /v1/groups/{id}/finalize",
        "Completes a group when every required file is there, or says how many are not.",
    ),
    (
        "post /v1/groups/{id}/folders",
        "Has folders of a group stand at its destination in which nothing is.",
    ),
    (
        "post /v1/groups/{id}/release",
        "Lets everybody read a completed group.",
    ),
    (
        "post /v1/groups/{id}/reset",
        "Makes a failed group a draft again.",
    ),
    (
        "post /v1/groups/{id}/retry",
        "Lets a failed group and its failed files go on.",
    ),
    ("post /v1/groups/{id}/unrelease", "Ends that."),
    ("post /v1/import", "Takes in rows of an earlier system."),
    ("get /v1/jobs", "One's jobs, newest first."),
    ("post /v1/jobs", "Makes a job for a file."),
    ("get /v1/jobs/{id}", "A job."),
    ("post /v1/jobs/{id}/cancel", "Gives a job up."),
    ("post /v1/jobs/{id}/heartbeat", "Prolongs the lease."),
    ("get /v1/jobs/{id}/log", "Every change of a job."),
    ("post /v1/jobs/{id}/report", "Ends an attempt."),
    ("post /v1/jobs/{id}/retry", "Lets a failed job go again."),
    ("post /v1/jobs:claim", "Work for a worker, under a lease."),
    ("post /v1/jobs:retry", "Lets failed jobs go again."),
    (
        "get /v1/metrics/uploads",
        "Success, time, failures by reason, abandoned.",
    ),
    ("get /v1/owners", "Users."),
    ("post /v1/owners", "Adds a user."),
    ("get /v1/owners/{id}", "A user."),
    ("patch /v1/owners/{id}", "Changes or disables a user."),
    (
        "get /v1/public/d/{destination}/{key}",
        "Leads to a file of a public destination.",
    ),
    ("get /v1/public/{public_id}", "A released group."),
    (
        "get /v1/public/{public_id}/{session}",
        "Leads to a file of a released group.",
    ),
    ("get /v1/quota", "How much one may store, and does."),
    ("get /v1/runs", "One's runs."),
    ("post /v1/runs", "A run over several files."),
    ("get /v1/runs/{id}", "A run with its counts."),
    ("post /v1/runs/{id}/cancel", "Gives a run up."),
    ("get /v1/search", "Finds similar pieces of text in one's files."),
    ("post /v1/search", "Finds similar pieces of text in one's files."),
    ("get /v1/sessions", "One's files, newest first."),
    ("get /v1/sessions/{id}", "A file with both tracks."),
    (
        "patch /v1/sessions/{id}",
        "Reports a failure, or changes metadata and whether it is required.",
    ),
    ("delete /v1/sessions/{id}", "Deletes a file."),
    (
        "get /v1/sessions/{id}/content",
        "Leads to its content, by a signed URL.",
    ),
    ("get /v1/sessions/{id}/parts", "Its parts."),
    ("post /v1/sessions/{id}/retry", "Lets a failed file go on."),
    (
        "post /v1/sessions/{id}/takeover",
        "Lets a duplicate that waits go alone.",
    ),
    ("get /v1/sessions/{id}/text", "The text that was read from it."),
    ("post /v1/sessions:complete", "Proves files that were sent."),
    ("post /v1/sessions:delete", "Deletes files or gives them up."),
    (
        "post /v1/sessions:init",
        "Announces files; says of each whether it is to be sent.",
    ),
    (
        "post /v1/sessions:query",
        "What ledger and storage know of files.",
    ),
    (
        "post /v1/sessions:sign",
        "Signed URLs for parts; without parts a sign of life.",
    ),
    (
        "post /v1/sessions:verify",
        "Asks the storage again whether files are as they were proved.",
    ),
    ("get /v1/templates", "Templates of groups."),
    ("post /v1/templates", "Makes a template, or its next version."),
    ("get /v1/templates/{id}", "A template."),
    ("get /v1/tokens", "One's tokens, without their secrets."),
    ("post /v1/tokens", "Makes a token that may no more than this one."),
    ("delete /v1/tokens/{id}", "Takes a token back."),
    ("get /v1/uploads", "One's files with the state of their parse."),
    ("get /v1/webhooks", "One's webhooks."),
    ("post /v1/webhooks", "Adds a webhook; its secret is told once."),
    (
        "post /v1/webhooks/storage/{destination}",
        "S3 events of a storage; the secret of the destination in a header.",
    ),
    (
        "post /v1/webhooks/storage/{destination}/{secret}",
        "S3 events of a storage, for those that send no header.",
    ),
    ("get /v1/webhooks/{id}", "A webhook."),
    ("patch /v1/webhooks/{id}", "Changes, stops or restarts a webhook."),
    ("delete /v1/webhooks/{id}", "Removes a webhook."),
    ("post /v1/webhooks/{id}/test", "Sends a test message."),
    (
        "get /v1/status",
        "What operators see: who uploads what, what failed, what waits.",
    ),
];

/// Makes it.
pub(crate) fn document() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protocol = root.join("../protocol/src");
    let mut all = BTreeMap::new();
    files(&root.join("src"), &mut all);
    files(&protocol, &mut all);
    file(root.join("../core/src/accepts.rs"), &mut all);
    let mut schemas = Schemas::new(&all, protocol);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for route in routes(&all) {
        let mut about = operation(&route, &mut schemas);
        let name = route
            .function
            .as_ref()
            .map_or_else(|| "page".to_owned(), |f| f.sig.ident.to_string());
        let name = format!("{}_{name}", route.topic);
        let n = ids.entry(name.clone()).or_default();
        *n += 1;
        about["operationId"] = if *n == 1 {
            json!(name)
        } else {
            json!(format!("{name}_{n}"))
        };
        paths
            .entry(route.path.clone())
            .or_default()
            .insert(route.method.clone(), about);
    }
    let problem: Type = syn::parse_str("Problem").expect("a type");
    schemas.of(&problem, root, &BTreeMap::new());
    assert!(
        schemas.unknown.is_empty(),
        "types that are not known: {:?}",
        schemas.unknown
    );
    let mut found: BTreeMap<String, Value> = schemas.found;
    let words = |name: &str, text: &str, all: Vec<&str>| {
        (
            name.to_owned(),
            json!({ "type": "string", "enum": all, "description": text }),
        )
    };
    found.extend([
        words(
            "ErrorCode",
            "What went wrong; new ones may be added.",
            ErrorCode::ALL.iter().map(|c| c.as_str()).collect(),
        ),
        words(
            "SessionState",
            "The upload track of a file.",
            SessionState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
        words(
            "GroupState",
            "A group.",
            GroupState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
        words(
            "JobState",
            "A job.",
            JobState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
        words(
            "RunState",
            "A run.",
            RunState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
        words(
            "ObjectState",
            "An object in the storage.",
            ObjectState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
        words(
            "FilePartState",
            "A part.",
            FilePartState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
    ]);
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Windlass", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
                  "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" } },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": found,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer",
                "description": "An API token of `windlass token create`, or of `POST /v1/tokens`." } },
            "responses": { "Problem": { "description": "What went wrong.", "content": {
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } } },
        },
    })
}

fn operation(route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let path = &route.path;
    let open = path.strip_prefix("/v1/").unwrap_or(path.trim_start_matches('/'));
    let tag = open
        .split(['/', ':', '.'])
        .next()
        .unwrap_or_default()
        .replace(['{', '}'], "");
    let tag = if path.starts_with("/v1/") {
        tag
    } else {
        format!("words of others: {tag}")
    };
    let here = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/status",
    ];
    let own = here.iter().any(|p| path.starts_with(p));
    let tag = if own { "operators".to_owned() } else { tag };
    let key = format!("{} {path}", route.method);
    let known = WORDS
        .iter()
        .find(|(k, _)| *k == key)
        .map(|(_, w)| (*w).to_owned());
    let comment = route
        .function
        .as_ref()
        .map(|f| doc(&f.attrs))
        .filter(|d| !d.is_empty());
    let fallback = || {
        let name = route
            .function
            .as_ref()
            .map_or_else(|| "a file of a page".to_owned(), |f| f.sig.ident.to_string());
        format!("{}: {}", route.topic.replace('_', " "), name.replace('_', " "))
    };
    let mut about = json!({ "tags": [tag], "summary": known.or(comment).unwrap_or_else(fallback) });
    let mut parameters: Vec<Value> = path
        .split('{')
        .skip(1)
        .filter_map(|p| p.split_once('}'))
        .map(|(name, _)| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let Some(function) = &route.function else {
        let kind = match path.rsplit('.').next() {
            Some("json") => "application/json",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            _ if path == "/healthz" => "text/plain",
            _ => "text/html",
        };
        about["responses"] = json!({ "200": { "description": "It.", "content": { kind: {} } } });
        about["security"] = json!([]);
        return about;
    };
    about["security"] = json!([]);
    for input in &function.sig.inputs {
        let FnArg::Typed(input) = input else { continue };
        match word(&input.ty) {
            Some((name, inner)) if name == "Scoped" => {
                let scope = inner
                    .first()
                    .and_then(word)
                    .map(|(n, _)| n.to_lowercase())
                    .unwrap_or_default();
                about["security"] = if path.contains("{upload_key}") {
                    json!([])
                } else {
                    json!([{ "token": [] }])
                };
                about["description"] = json!(format!("Takes a token with the scope `{scope}`."));
                about["x-scope"] = json!(scope);
            }
            Some((name, _)) if name == "Known" => {
                about["security"] = json!([{ "token": [] }]);
                about["description"] = json!("Takes a token.");
            }
            Some((name, inner)) if name == "Json" => {
                let schema = schemas.of(&inner[0], &route.file, &BTreeMap::new());
                about["requestBody"] =
                    json!({ "required": true, "content": { "application/json": { "schema": schema } } });
            }
            Some((name, inner)) if name == "Query" => parameters.extend(queries(&inner[0], route, schemas)),
            Some((name, _)) if name == "IfMatch" => parameters.push(json!({
                "name": "If-Match", "in": "header", "required": false, "schema": { "type": "string" },
                "description": "The `rev` that the row was seen with; it is refused with `rev_mismatch` when it has another.",
            })),
            _ => {}
        }
    }
    let needed = NEEDED.iter().filter(|(k, _)| *k == key).map(|(_, name)| {
        json!({ "name": name, "in": "query", "required": true, "schema": { "type": "string", "minLength": 1 } })
    });
    parameters.extend(needed);
    if path.starts_with("/v1/blob/") && route.method == "put" {
        about["requestBody"] = json!({ "required": true, "content": { "application/octet-stream": {} } });
    }
    if path.starts_with("/v1/webhooks/storage/") {
        about["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": {
            "type": "object", "description": "S3 event records." } } } });
    }
    if !parameters.is_empty() {
        about["parameters"] = json!(parameters);
    }
    about["responses"] = answers(function, route, schemas);
    about
}

/// What can't be left out of a query that is read word by word.
const NEEDED: &[(&str, &str)] = &[
    ("get /s3/params", "filename"),
    ("get /s3/multipart/{upload_id}", "key"),
    ("get /s3/multipart/{upload_id}/batch", "key"),
    ("get /s3/multipart/{upload_id}/batch", "partNumbers"),
    ("get /s3/multipart/{upload_id}/{part}", "key"),
    ("post /s3/multipart/{upload_id}/complete", "key"),
    ("delete /s3/multipart/{upload_id}", "key"),
    ("get /v1/search", "q"),
];

/// The fields of a query.
fn queries(kind: &Type, route: &Route, schemas: &mut Schemas<'_>) -> Vec<Value> {
    let schema = schemas.of(kind, &route.file, &BTreeMap::new());
    let reference = schema
        .get("$ref")
        .and_then(Value::as_str)
        .map(|r| r.rsplit('/').next().unwrap_or_default().to_owned());
    let Some(name) = reference else {
        // Words of a query are text, whatever stands in them.
        let schema = json!({ "type": "object" });
        return vec![
            json!({ "name": "query", "in": "query", "style": "form", "explode": true, "schema": schema }),
        ];
    };
    // It is no body: what it was named for is here.
    let schema = schemas.found.get(&name).cloned().unwrap_or_default();
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let fields = schema
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    fields
        .into_iter()
        .map(|(name, schema)| json!({ "name": name, "in": "query", "required": required.contains(&json!(name)), "schema": schema }))
        .collect()
}

fn answers(function: &ItemFn, route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let ok = |schema: Value| json!({ "200": { "description": "Done.", "content": { "application/json": { "schema": schema } } }, "default": problem });
    let ReturnType::Type(_, kind) = &function.sig.output else {
        return json!({ "200": { "description": "Done." } });
    };
    match told(kind) {
        Some((name, inner)) if name == "Json" => ok(schemas.of(&inner, &route.file, &BTreeMap::new())),
        Some((name, _)) if name == "StatusCode" => {
            json!({ "2XX": { "description": "Done." }, "default": problem })
        }
        _ => {
            // `type Answer = Result<Json<Value>, …>` of those that speak others' words; `Answer<T>` of batches.
            match word(kind) {
                Some((name, inner)) if name == "Answer" => match inner.first().and_then(word) {
                    Some((item, _)) => {
                        let batch: Type = syn::parse_str(&format!("Answers<{item}>")).expect("a type");
                        ok(schemas.of(&batch, &route.file, &BTreeMap::new()))
                    }
                    None => ok(json!({})),
                },
                _ => json!({ "2XX": { "description": "Done." }, "default": problem }),
            }
        }
    }
}

/// `Result<Json<T>, …>` as `Json` and `T`.
fn told(kind: &Type) -> Option<(String, Type)> {
    let (name, inner) = word(kind)?;
    match name.as_str() {
        "Result" => told(inner.first()?),
        "Json" => Some((name, inner.first()?.clone())),
        _ => Some((name, kind.clone())),
    }
}

fn word(kind: &Type) -> Option<(String, Vec<Type>)> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(args) => args
            .args
            .iter()
            .filter_map(|a| {
                if let GenericArgument::Type(t) = a {
                    Some(t.clone())
                } else {
                    None
                }
            })
            .collect(),
        _ => Vec::new(),
    };
    Some((last.ident.to_string(), inner))
}
