//! Routes as they stand in the text: path, method, and the function that answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Expr, ExprMethodCall, File, ItemFn, Lit};

/// A route.
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) method: String,
    /// None: a closure, which takes nothing.
    pub(crate) function: Option<ItemFn>,
    /// Where its types are looked for first.
    pub(crate) file: PathBuf,
    /// The word of its file.
    pub(crate) topic: String,
}

/// All files of a folder, parsed.
pub(crate) fn files(folder: &Path, found: &mut BTreeMap<PathBuf, File>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            file(path, found);
        }
    }
}

/// One file.
pub(crate) fn file(path: PathBuf, found: &mut BTreeMap<PathBuf, File>) {
    let text = std::fs::read_to_string(&path).expect("text");
    found.insert(path, syn::parse_file(&text).expect("Rust"));
}

/// Paths, and what answers each method.
type Call = (Vec<String>, Vec<(String, Expr)>);

struct Calls(Vec<Call>);

impl<'a> Visit<'a> for Calls {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        if call.method == "route" && call.args.len() == 2 {
            let mut methods = Vec::new();
            verbs(&call.args[1], &mut methods);
            self.0.push((paths(&call.args[0]), methods));
        }
        syn::visit::visit_expr_method_call(self, call);
    }
}

/// A path; those of the companion are there below a prefix of two kinds.
fn paths(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => vec![text.value()],
            _ => Vec::new(),
        },
        Expr::Reference(inner) => paths(&inner.expr),
        Expr::Call(call) => {
            let below = call.args.first().map(paths).unwrap_or_default();
            let at = |prefix: &'static str| below.iter().map(move |p| format!("{prefix}{p}"));
            at("/s3").chain(at("/k/{upload_key}/s3")).collect()
        }
        _ => Vec::new(),
    }
}

/// `get(a).post(b).layer(…)`
fn verbs(expr: &Expr, found: &mut Vec<(String, Expr)>) {
    let verb = |name: &str| ["get", "post", "put", "patch", "delete"].contains(&name);
    match expr {
        Expr::Call(call) => {
            if let (Expr::Path(path), Some(handler)) = (&*call.func, call.args.first()) {
                let name = path
                    .path
                    .segments
                    .last()
                    .map(|s| s.ident.to_string())
                    .unwrap_or_default();
                assert!(verb(&name), "{name} is no method that is known here");
                found.push((name, handler.clone()));
            }
        }
        Expr::MethodCall(call) => {
            verbs(&call.receiver, found);
            let name = call.method.to_string();
            if let (true, Some(handler)) = (verb(&name), call.args.first()) {
                found.push((name, handler.clone()));
            }
        }
        _ => {}
    }
}

/// All routes of the program.
pub(crate) fn routes(files: &BTreeMap<PathBuf, File>) -> Vec<Route> {
    let mut found = Vec::new();
    for (path, file) in files {
        let mut calls = Calls(Vec::new());
        calls.visit_file(file);
        for (paths, methods) in calls.0 {
            assert!(!paths.is_empty(), "a path in {} can't be read", path.display());
            for (method, handler) in methods {
                let (function, at) = function(files, path, &handler);
                for route in &paths {
                    found.push(Route {
                        path: route.replace("{*", "{"),
                        method: method.clone(),
                        function: function.clone(),
                        file: at.clone(),
                        topic: at.file_stem().expect("a name").to_string_lossy().into_owned(),
                    });
                }
            }
        }
    }
    found.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    found
}

fn function(files: &BTreeMap<PathBuf, File>, at: &Path, handler: &Expr) -> (Option<ItemFn>, PathBuf) {
    let Expr::Path(path) = handler else {
        // A closure that hands on to a function of its file: `async move |site, who| status(…)`.
        let text = at.to_path_buf();
        return (inner(files, at, handler), text);
    };
    let names: Vec<String> = path.path.segments.iter().map(|s| s.ident.to_string()).collect();
    let file = match names.as_slice() {
        [_] => at.to_path_buf(),
        [module, _] => {
            let beside = at.with_extension("").join(format!("{module}.rs"));
            let sibling = at.with_file_name(format!("{module}.rs"));
            if files.contains_key(&beside) {
                beside
            } else {
                sibling
            }
        }
        _ => panic!("{names:?} is too long"),
    };
    let name = names.last().expect("a name");
    let found = named(files, &file, name);
    assert!(found.is_some(), "{name} is not in {}", file.display());
    (found, file)
}

fn named(files: &BTreeMap<PathBuf, File>, file: &Path, name: &str) -> Option<ItemFn> {
    files.get(file)?.items.iter().find_map(|item| match item {
        syn::Item::Fn(f) if f.sig.ident == name => Some(f.clone()),
        _ => None,
    })
}

fn inner(files: &BTreeMap<PathBuf, File>, at: &Path, handler: &Expr) -> Option<ItemFn> {
    struct First(Option<String>);
    impl<'a> Visit<'a> for First {
        fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
            if let (None, Expr::Path(path)) = (&self.0, &*call.func) {
                self.0 = path.path.get_ident().map(ToString::to_string);
            }
        }
    }
    let mut first = First(None);
    first.visit_expr(handler);
    named(files, at, &first.0?)
}
