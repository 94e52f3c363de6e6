//! A WebDriver client for WebKitGTK's own driver, which starts the program and speaks to its page.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use url::Url;

use crate::http;

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// A call is answered at once, or when the page's script has ended.
const CALL: Duration = Duration::from_secs(60);

/// Something in the page.
#[derive(Debug, Clone)]
pub struct Element(String);

/// An open session: one window.
#[derive(Debug)]
pub(super) struct Session {
    base: Url,
    id: String,
}

impl Session {
    /// Starts the program. May be asked only once: a second request would start a second program.
    pub(super) fn open(base: Url, binary: &str, arguments: &[String]) -> Result<Self> {
        let wanted = json!({"capabilities": {"alwaysMatch":
            {"webkitgtk:browserOptions": {"binary": binary, "args": arguments}}}});
        let made = call(&base, "POST", "/session", Some(&wanted))?;
        let id = made["sessionId"].as_str().context("no session id")?.to_owned();
        let session = Self { base, id };
        session.post("/timeouts", &json!({"script": 50_000}))?;
        Ok(session)
    }

    pub(super) fn close(&self) -> Result<()> {
        call(&self.base, "DELETE", &format!("/session/{}", self.id), None).map(drop)
    }

    pub(super) fn find(&self, css: &str) -> Result<Element> {
        let found = self.post("/element", &json!({"using": "css selector", "value": css}))?;
        Ok(Element(
            found[ELEMENT].as_str().context("no element id")?.to_owned(),
        ))
    }

    pub(super) fn click(&self, element: &Element) -> Result<()> {
        self.post(&format!("/element/{}/click", element.0), &json!({}))
            .map(drop)
    }

    pub(super) fn keys(&self, element: &Element, text: &str) -> Result<()> {
        self.post(&format!("/element/{}/value", element.0), &json!({"text": text}))
            .map(drop)
    }

    pub(super) fn clear(&self, element: &Element) -> Result<()> {
        self.post(&format!("/element/{}/clear", element.0), &json!({}))
            .map(drop)
    }

    pub(super) fn text(&self, element: &Element) -> Result<String> {
        let text = self.get(&format!("/element/{}/text", element.0))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    pub(super) fn attribute(&self, element: &Element, name: &str) -> Result<Option<String>> {
        let value = self.get(&format!("/element/{}/attribute/{name}", element.0))?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Presses keys together in whatever has the focus. Letters stand for themselves, others by their WebDriver code.
    pub(super) fn press(&self, keys: &[char]) -> Result<()> {
        let down = keys
            .iter()
            .map(|key| json!({"type": "keyDown", "value": key.to_string()}));
        let up = keys
            .iter()
            .rev()
            .map(|key| json!({"type": "keyUp", "value": key.to_string()}));
        let actions: Vec<Value> = down.chain(up).collect();
        self.post(
            "/actions",
            &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}),
        )
        .map(drop)
    }

    /// Runs the body of an async function; its arguments are in `arguments`.
    pub(super) fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        let body = format!(
            "const done = arguments[arguments.length - 1];\
             (async function () {{ {script} }}).apply(null, Array.from(arguments).slice(0, -1))\
             .then(value => done({{value}}), why => done({{why: String(why) + ' at ' + (why && why.stack || '')}}));"
        );
        let mut out = self.post("/execute/async", &json!({"script": body, "args": arguments}))?;
        if let Some(why) = out["why"].as_str() {
            bail!("the page: {why}");
        }
        Ok(out["value"].take())
    }

    fn get(&self, path: &str) -> Result<Value> {
        call(&self.base, "GET", &format!("/session/{}{path}", self.id), None)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        call(
            &self.base,
            "POST",
            &format!("/session/{}{path}", self.id),
            Some(body),
        )
    }
}

/// Whether the driver takes a session.
pub(super) fn is_ready(base: &Url) -> Result<()> {
    let status = call(base, "GET", "/status", None)?;
    anyhow::ensure!(status["ready"] == true, "the driver is not ready");
    Ok(())
}

fn call(base: &Url, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let body = body.map(|value| value.to_string()).unwrap_or_default();
    let headers = [("content-type", "application/json; charset=utf-8")];
    let answer = http::send(method, &base.join(path)?, &headers, body.as_bytes(), CALL)?;
    let mut said: Value = serde_json::from_slice(&answer.body)
        .with_context(|| format!("{method} {path}: {} {}", answer.status, answer.text()))?;
    let value = said["value"].take();
    if answer.status != 200 {
        bail!(
            "{}: {}",
            value["error"].as_str().unwrap_or("error"),
            value["message"].as_str().unwrap_or_default()
        );
    }
    Ok(value)
}
