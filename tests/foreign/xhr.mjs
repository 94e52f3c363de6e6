// XMLHttpRequest for Node, as far as uploaders made for browsers need it: over fetch, with progress told once at the end.

class Target extends EventTarget {
  tell(name, more = {}) {
    const event = Object.assign(new Event(name), more);
    this.dispatchEvent(event);
    this[`on${name}`]?.(event);
  }
}

export class NodeXMLHttpRequest extends Target {
  upload = new Target();
  status = 0;
  statusText = "";
  responseText = "";
  readyState = 0;
  #headers = {};
  #answer = null;
  #stop = new AbortController();

  open(method, url) {
    Object.assign(this, { method, url, readyState: 1 });
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  getResponseHeader(name) {
    return this.#answer?.headers.get(name) ?? null;
  }

  getAllResponseHeaders() {
    return [...(this.#answer?.headers ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  }

  abort() {
    this.#stop.abort();
    this.tell("abort");
  }

  async send(body = null) {
    const { method, url } = this;
    try {
      this.#answer = await fetch(url, { method, body, headers: this.#headers, signal: this.#stop.signal });
      this.responseText = this.response = await this.#answer.text();
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        this.statusText = String(error.cause ?? error);
        this.tell("error");
      }
      return;
    }
    this.status = this.#answer.status;
    this.statusText = this.#answer.statusText;
    this.responseURL = this.#answer.url;
    this.readyState = 4;
    const total = body?.size ?? body?.byteLength ?? 0;
    this.upload.tell("progress", { lengthComputable: true, loaded: total, total });
    this.tell("load");
  }
}
