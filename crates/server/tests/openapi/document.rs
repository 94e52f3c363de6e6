//! The document, from routes and types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use syn::{File, FnArg, GenericArgument, ItemFn, PathArguments, ReturnType, Type};
use windlass_core::error::ErrorCode;
use windlass_core::states::{FilePartState, GroupState, JobState, ObjectState, RunState, SessionState};

use crate::routes::{Route, files, routes};
use crate::schema::{Schemas, doc};

const ABOUT: &str = "The ledger of uploads. Ids are UUIDv7 and made by the caller where it creates something, so every \
    call may be repeated with the same answer. Times are milliseconds since 1970. Errors are problem details \
    (RFC 9457) whose `code` is stable. Routes outside of /v1 speak the words of earlier systems.";

/// What functions without a comment, and closures, are for.
const WORDS: &[(&str, &str)] = &[
    ("get /healthz", "The process lives."),
    ("get /readyz", "Whether database and storages answer and no shutdown was asked for; 503 when not."),
    ("get /metrics", "Figures for Prometheus."),
    ("get /openapi.json", "This description."),
    ("get /docs", "This description, to be read."),
    ("get /status", "The page of operators."),
    ("get /v1/status", "What operators see: who uploads what, what failed, what waits."),
];

/// Makes it.
pub(crate) fn document() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protocol = root.join("../protocol/src");
    let mut all = BTreeMap::new();
    files(&root.join("src"), &mut all);
    files(&protocol, &mut all);
    let mut schemas = Schemas::new(&all, protocol);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for route in routes(&all) {
        let mut about = operation(&route, &all, &mut schemas);
        let name = route.function.as_ref().map_or_else(|| "page".to_owned(), |f| f.sig.ident.to_string());
        let name = format!("{}_{name}", route.topic);
        let n = ids.entry(name.clone()).or_default();
        *n += 1;
        about["operationId"] = if *n == 1 { json!(name) } else { json!(format!("{name}_{n}")) };
        paths.entry(route.path.clone()).or_default().insert(route.method.clone(), about);
    }
    let problem: Type = syn::parse_str("Problem").expect("a type");
    schemas.of(&problem, root, &BTreeMap::new());
    assert!(schemas.unknown.is_empty(), "types that are not known: {:?}", schemas.unknown);
    let mut found: BTreeMap<String, Value> = schemas.found;
    let words = |name: &str, text: &str, all: Vec<&str>| {
        (name.to_owned(), json!({ "type": "string", "enum": all, "description": text }))
    };
    found.extend([
        words("ErrorCode", "What went wrong; new ones may be added.", ErrorCode::ALL.iter().map(|c| c.as_str()).collect()),
        words("SessionState", "The upload track of a file.", SessionState::ALL.iter().map(|s| s.as_str()).collect()),
        words("GroupState", "A group.", GroupState::ALL.iter().map(|s| s.as_str()).collect()),
        words("JobState", "A job.", JobState::ALL.iter().map(|s| s.as_str()).collect()),
        words("RunState", "A run.", RunState::ALL.iter().map(|s| s.as_str()).collect()),
        words("ObjectState", "An object in the storage.", ObjectState::ALL.iter().map(|s| s.as_str()).collect()),
        words("FilePartState", "A part.", FilePartState::ALL.iter().map(|s| s.as_str()).collect()),
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

fn operation(route: &Route, all: &BTreeMap<PathBuf, File>, schemas: &mut Schemas<'_>) -> Value {
    let path = &route.path;
    let open = path.strip_prefix("/v1/").unwrap_or(path.trim_start_matches('/'));
    let tag = open.split(['/', ':', '.']).next().unwrap_or_default().replace(['{', '}'], "");
    let tag = if path.starts_with("/v1/") { tag } else { format!("words of others: {tag}") };
    let here = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/status"];
    let own = here.iter().any(|p| path.starts_with(p));
    let tag = if own { "operators".to_owned() } else { tag };
    let key = format!("{} {path}", route.method);
    let known = WORDS.iter().find(|(k, _)| *k == key).map(|(_, w)| (*w).to_owned());
    let comment = route.function.as_ref().map(|f| doc(&f.attrs)).filter(|d| !d.is_empty());
    let fallback = || {
        let name = route.function.as_ref().map_or_else(|| "a file of a page".to_owned(), |f| f.sig.ident.to_string());
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
                let scope = inner.first().and_then(word).map(|(n, _)| n.to_lowercase()).unwrap_or_default();
                about["security"] = if path.contains("{upload_key}") { json!([]) } else { json!([{ "token": [] }]) };
                about["description"] = json!(format!("Takes a token with the scope `{scope}`."));
                about["x-scope"] = json!(scope);
            }
            Some((name, _)) if name == "Known" => {
                about["security"] = json!([{ "token": [] }]);
                about["description"] = json!("Takes a token.");
            }
            Some((name, inner)) if name == "Json" => {
                let schema = schemas.of(&inner[0], &route.file, &BTreeMap::new());
                about["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
            }
            Some((name, inner)) if name == "Query" => parameters.extend(queries(&inner[0], route, schemas)),
            _ => {}
        }
    }
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
    about["responses"] = answers(function, all, route, schemas);
    about
}

/// The fields of a query.
fn queries(kind: &Type, route: &Route, schemas: &mut Schemas<'_>) -> Vec<Value> {
    let schema = schemas.of(kind, &route.file, &BTreeMap::new());
    let reference = schema.get("$ref").and_then(Value::as_str).map(|r| r.rsplit('/').next().unwrap_or_default().to_owned());
    let Some(name) = reference else {
        let schema = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        return vec![json!({ "name": "query", "in": "query", "style": "form", "explode": true, "schema": schema })];
    };
    // It is no body: what it was named for is here.
    let schema = schemas.found.get(&name).cloned().unwrap_or_default();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    fields
        .into_iter()
        .map(|(name, schema)| json!({ "name": name, "in": "query", "required": required.contains(&json!(name)), "schema": schema }))
        .collect()
}

fn answers(function: &ItemFn, all: &BTreeMap<PathBuf, File>, route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let ok = |schema: Value| {
        json!({ "200": { "description": "Done.", "content": { "application/json": { "schema": schema } } }, "default": problem })
    };
    let ReturnType::Type(_, kind) = &function.sig.output else {
        return json!({ "200": { "description": "Done." } });
    };
    match told(kind) {
        Some((name, inner)) if name == "Json" => ok(schemas.of(&inner, &route.file, &BTreeMap::new())),
        Some((name, _)) if name == "StatusCode" => json!({ "2XX": { "description": "Done." }, "default": problem }),
        _ => {
            let alias = word(kind).is_some_and(|(name, _)| name == "Answer");
            let named = alias && all.contains_key(&route.file);
            if named { ok(json!({})) } else { json!({ "2XX": { "description": "Done." }, "default": problem }) }
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
            .filter_map(|a| if let GenericArgument::Type(t) = a { Some(t.clone()) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    Some((last.ident.to_string(), inner))
}
