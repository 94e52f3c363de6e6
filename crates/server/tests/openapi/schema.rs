//! Types as JSON Schema, as serde writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use syn::{Attribute, Expr, Fields, File, GenericArgument, Item, Lit, Meta, PathArguments, Type};

/// What serde is told about a type, a variant or a field.
#[derive(Default)]
struct Told {
    rename: Option<String>,
    rename_all: Option<String>,
    tag: Option<String>,
    words: BTreeSet<String>,
}

impl Told {
    fn read(attributes: &[Attribute]) -> Self {
        let mut told = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
            let each = attribute
                .parse_args_with(syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated);
            for meta in each.expect("serde's words") {
                let name = meta
                    .path()
                    .get_ident()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                if let Meta::NameValue(pair) = &meta
                    && let Expr::Lit(lit) = &pair.value
                    && let Lit::Str(text) = &lit.lit
                {
                    let text = Some(text.value());
                    match name.as_str() {
                        "rename" => told.rename = text,
                        "rename_all" => told.rename_all = text,
                        "tag" => told.tag = text,
                        _ => {}
                    }
                }
                told.words.insert(name);
            }
        }
        told
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// The first sentences of a doc comment.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut text = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(lit) = &pair.value
            && let Lit::Str(line) = &lit.lit
        {
            text.push(line.value().trim().to_owned());
        }
    }
    let text = text.join("\n");
    text.split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ")
        .replace("[`", "`")
        .replace("`]", "`")
}

/// `snake_case` words out of `CamelCase` or themselves.
fn cased(name: &str, rule: Option<&str>) -> String {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && words.last().is_none_or(|w| !w.is_empty())) {
            words.push(String::new());
        }
        if c != '_' {
            if words.is_empty() {
                words.push(String::new());
            }
            words.last_mut().expect("a word").extend(c.to_lowercase());
        }
    }
    let capital = |w: &String| {
        w.chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .chain(w.chars().skip(1))
            .collect::<String>()
    };
    match rule {
        None => name.to_owned(),
        Some("snake_case") => words.join("_"),
        Some("kebab-case") => words.join("-"),
        Some("lowercase") => name.to_lowercase(),
        Some("UPPERCASE") => name.to_uppercase(),
        Some("SCREAMING_SNAKE_CASE") => words.join("_").to_uppercase(),
        Some("PascalCase") => words.iter().map(capital).collect(),
        Some("camelCase") => {
            let rest: String = words.iter().skip(1).map(capital).collect();
            format!("{}{rest}", words.first().cloned().unwrap_or_default())
        }
        Some(other) => panic!("rename_all = {other:?}"),
    }
}

/// Looks types up, and collects what was found.
pub(crate) struct Schemas<'a> {
    files: &'a BTreeMap<PathBuf, File>,
    protocol: PathBuf,
    pub(crate) found: BTreeMap<String, Value>,
    pub(crate) unknown: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(files: &'a BTreeMap<PathBuf, File>, protocol: PathBuf) -> Self {
        Self {
            files,
            protocol,
            found: BTreeMap::new(),
            unknown: BTreeSet::new(),
        }
    }

    /// The schema of a type that is named in a file.
    pub(crate) fn of(&mut self, kind: &Type, at: &Path, bound: &BTreeMap<String, (Type, PathBuf)>) -> Value {
        match kind {
            Type::Reference(inner) => self.of(&inner.elem, at, bound),
            Type::Tuple(tuple) => {
                let items: Vec<Value> = tuple.elems.iter().map(|t| self.of(t, at, bound)).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
            }
            Type::Array(array) => json!({ "type": "array", "items": self.of(&array.elem, at, bound) }),
            Type::Path(path) => {
                let last = path.path.segments.last().expect("a name");
                let name = last.ident.to_string();
                if let Some((kind, of)) = bound.get(&name) {
                    return self.of(&kind.clone(), &of.clone(), &BTreeMap::new());
                }
                let inner: Vec<Type> = match &last.arguments {
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
                self.named(&name, &inner, at, bound)
            }
            _ => json!({}),
        }
    }

    fn named(
        &mut self,
        name: &str,
        inner: &[Type],
        at: &Path,
        bound: &BTreeMap<String, (Type, PathBuf)>,
    ) -> Value {
        match (name, inner) {
            ("Option", [one]) => {
                let schema = self.of(one, at, bound);
                if schema == json!({}) {
                    schema
                } else {
                    json!({ "anyOf": [schema, { "type": "null" }] })
                }
            }
            ("Box" | "Arc", [one]) => self.of(one, at, bound),
            ("Vec" | "BTreeSet", [one]) => json!({ "type": "array", "items": self.of(one, at, bound) }),
            ("BTreeMap" | "HashMap", [_, one]) => {
                json!({ "type": "object", "additionalProperties": self.of(one, at, bound) })
            }
            ("Map" | "Metadata", _) => json!({ "type": "object", "additionalProperties": true }),
            ("Value", _) => json!({}),
            ("String" | "str" | "ETag", _) => json!({ "type": "string" }),
            ("bool", _) => json!({ "type": "boolean" }),
            ("f32" | "f64", _) => json!({ "type": "number" }),
            ("u8" | "u16" | "u32" | "u64" | "usize", _) => json!({ "type": "integer", "minimum": 0 }),
            ("i32" | "i64" | "Timestamp", _) => json!({ "type": "integer", "format": "int64" }),
            ("PartNumber", _) => json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
            ("Sha256", _) => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
            ("Crc64Nvme", _) => {
                json!({ "type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]{10}[AEIMQUYcgkosw048]=$" })
            }
            ("Uuid", _) => json!({ "type": "string", "format": "uuid" }),
            (
                "ErrorCode" | "SessionState" | "GroupState" | "JobState" | "RunState" | "ObjectState"
                | "FilePartState",
                _,
            ) => {
                json!({ "$ref": format!("#/components/schemas/{name}") })
            }
            _ if name.ends_with("Id") => json!({ "type": "string", "format": "uuid" }),
            _ => self.declared(name, inner, at, bound),
        }
    }

    /// In the same file, else in the protocol, else in the only other file that has it.
    fn find(&self, name: &str, at: &Path) -> Option<(PathBuf, Item)> {
        let has = |file: &File| {
            file.items
                .iter()
                .find(|item| match item {
                    Item::Struct(s) => s.ident == name,
                    Item::Enum(e) => e.ident == name,
                    Item::Type(t) => t.ident == name,
                    _ => false,
                })
                .cloned()
        };
        let here = self.files.get(at).and_then(has).map(|i| (at.to_path_buf(), i));
        let of = |inside: bool| {
            self.files
                .iter()
                .filter(move |(p, _)| p.starts_with(&self.protocol) == inside)
                .find_map(|(p, f)| has(f).map(|i| (p.clone(), i)))
        };
        // What `use` says: another file of the protocol may have the same word.
        let used = self
            .files
            .get(at)
            .and_then(|file| used(file, name))
            .and_then(|module| {
                self.files
                    .iter()
                    .find(|(p, f)| {
                        p.starts_with(&self.protocol)
                            && p.file_stem().is_some_and(|s| *s == *module)
                            && has(f).is_some()
                    })
                    .and_then(|(p, f)| has(f).map(|i| (p.clone(), i)))
            });
        here.or(used).or_else(|| of(true)).or_else(|| of(false))
    }

    fn declared(
        &mut self,
        name: &str,
        inner: &[Type],
        at: &Path,
        bound: &BTreeMap<String, (Type, PathBuf)>,
    ) -> Value {
        let Some((file, item)) = self.find(name, at) else {
            self.unknown.insert(name.to_owned());
            return json!({});
        };
        let topic = file.file_stem().expect("a name").to_string_lossy().into_owned();
        // What all programs decide by is known by its own word, too.
        let shared = file.starts_with(&self.protocol) || file.ends_with("core/src/accepts.rs");
        let mut key = if !shared || self.found_elsewhere(name, &file) {
            format!("{}{name}", cased(&topic, Some("PascalCase")))
        } else {
            name.to_owned()
        };
        let mut inside = BTreeMap::new();
        let generics = match &item {
            Item::Struct(s) => &s.generics,
            Item::Enum(e) => &e.generics,
            Item::Type(t) => return self.of(&t.ty, &file, bound),
            _ => panic!("{name}"),
        };
        for (parameter, given) in generics.type_params().zip(inner) {
            if let Type::Path(path) = given {
                let word = path.path.segments.last().expect("a name").ident.to_string();
                key = format!("{key}_{word}");
            }
            inside.insert(parameter.ident.to_string(), (given.clone(), at.to_path_buf()));
        }
        if !self.found.contains_key(&key) {
            // Known before it is read: types may hold themselves.
            self.found.insert(key.clone(), json!({}));
            let schema = self.item(&item, &file, &inside);
            self.found.insert(key.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{key}") })
    }

    /// Two files of the protocol have this word.
    fn found_elsewhere(&self, name: &str, at: &Path) -> bool {
        self.files.iter().any(|(path, file)| {
            path != at
                && path.starts_with(&self.protocol)
                && path < &at.to_path_buf()
                && file.items.iter().any(|i| {
                    matches!(i, Item::Struct(s) if s.ident == name)
                        || matches!(i, Item::Enum(e) if e.ident == name)
                })
        })
    }

    fn item(&mut self, item: &Item, at: &Path, bound: &BTreeMap<String, (Type, PathBuf)>) -> Value {
        match item {
            Item::Struct(s) => {
                let told = Told::read(&s.attrs);
                if let Fields::Unnamed(fields) = &s.fields {
                    return self.of(&fields.unnamed[0].ty, at, bound);
                }
                let mut schema = self.fields(&s.fields, &told, at, bound);
                describe(&mut schema, &doc(&s.attrs));
                schema
            }
            Item::Enum(e) => {
                let told = Told::read(&e.attrs);
                let word = |v: &syn::Variant| {
                    let own = Told::read(&v.attrs);
                    own.rename
                        .unwrap_or_else(|| cased(&v.ident.to_string(), told.rename_all.as_deref()))
                };
                let plain = e.variants.iter().all(|v| matches!(v.fields, Fields::Unit));
                let mut schema = if plain && told.tag.is_none() {
                    json!({ "type": "string", "enum": e.variants.iter().map(word).collect::<Vec<_>>() })
                } else {
                    let each: Vec<Value> = e
                        .variants
                        .iter()
                        .map(|v| self.variant(v, &word(v), &told, at, bound))
                        .collect();
                    json!({ "anyOf": each })
                };
                describe(&mut schema, &doc(&e.attrs));
                schema
            }
            _ => json!({}),
        }
    }

    fn variant(
        &mut self,
        v: &syn::Variant,
        word: &str,
        told: &Told,
        at: &Path,
        bound: &BTreeMap<String, (Type, PathBuf)>,
    ) -> Value {
        let body = match &v.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) => Some(self.of(&fields.unnamed[0].ty, at, bound)),
            Fields::Named(_) => Some(self.fields(&v.fields, &Told::default(), at, bound)),
        };
        let mut schema = match (&told.tag, body) {
            (_, Some(body)) if told.has("untagged") => body,
            (Some(tag), body) => {
                let mark =
                    json!({ "type": "object", "properties": { tag: { "const": word } }, "required": [tag] });
                match body {
                    Some(body) => json!({ "allOf": [mark, body] }),
                    None => mark,
                }
            }
            (None, Some(body)) => {
                json!({ "type": "object", "properties": { word: body }, "required": [word] })
            }
            (None, None) => json!({ "const": word }),
        };
        describe(&mut schema, &doc(&v.attrs));
        schema
    }

    fn fields(
        &mut self,
        fields: &Fields,
        told: &Told,
        at: &Path,
        bound: &BTreeMap<String, (Type, PathBuf)>,
    ) -> Value {
        let (mut properties, mut required, mut more) = (Map::new(), Vec::new(), Vec::new());
        for field in fields {
            let own = Told::read(&field.attrs);
            if own.has("skip") {
                continue;
            }
            let schema = self.of(&field.ty, at, bound);
            if own.has("flatten") {
                more.push(schema);
                continue;
            }
            let ident = field.ident.as_ref().expect("a name").to_string();
            let ident = ident.trim_start_matches("r#");
            let name = own
                .rename
                .clone()
                .unwrap_or_else(|| cased(ident, told.rename_all.as_deref()));
            let optional = matches!(&field.ty, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "Option"));
            if !optional && !own.has("default") && !told.has("default") && !own.has("skip_serializing_if") {
                required.push(json!(name));
            }
            let mut schema = schema;
            describe(&mut schema, &doc(&field.attrs));
            properties.insert(name, schema);
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if told.has("deny_unknown_fields") && more.is_empty() {
            schema["additionalProperties"] = json!(false);
        }
        if more.is_empty() {
            return schema;
        }
        more.push(schema);
        json!({ "allOf": more })
    }
}

fn describe(schema: &mut Value, text: &str) {
    if let (false, Value::Object(fields)) = (text.is_empty(), schema) {
        fields.insert("description".into(), json!(text));
    }
}

/// The module that a `use` takes a name from.
fn used(file: &File, name: &str) -> Option<String> {
    fn walk(tree: &syn::UseTree, module: Option<String>, name: &str) -> Option<String> {
        match tree {
            syn::UseTree::Path(path) => walk(&path.tree, Some(path.ident.to_string()), name),
            syn::UseTree::Name(it) if it.ident == name => module,
            syn::UseTree::Group(group) => group.items.iter().find_map(|t| walk(t, module.clone(), name)),
            _ => None,
        }
    }
    file.items.iter().find_map(|item| {
        if let Item::Use(it) = item {
            walk(&it.tree, None, name)
        } else {
            None
        }
    })
}
