//! What a person chooses, checked before it is kept.

use std::fmt;

use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy, Url};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::{ErrorCode, Failure};

/// A file of authorities is no larger, bytes.
pub const MAX_PEM_BYTES: usize = 256 << 10;
/// Letters of an address, a name, or a list of exceptions.
const MAX_TEXT: usize = 2_000;

/// By which proxy. The password is no part of it: it goes to the keyring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum ProxyChoice {
    /// As the system says.
    #[default]
    System,
    /// By none, whatever the system says.
    None,
    /// By this.
    Manual {
        /// `http://host:port` or `https://host:port`, without a name and a password.
        address: String,
        /// Name to sign in with; empty: none is asked for.
        #[serde(default)]
        user: String,
        /// Hosts that are reached without it: `example.com, .local, 10.0.0.0/8`.
        #[serde(default)]
        except: String,
    },
}

/// Authorities that are believed besides those of the system.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Authorities {
    /// Name of the file they came from.
    pub name: String,
    /// Certificates, PEM.
    pub pem: String,
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").finish_non_exhaustive()
    }
}

/// A choice that was checked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Way {
    proxy: ProxyChoice,
    password: String,
    authorities: Option<Authorities>,
    waits: bool,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

fn wrong(what: &str) -> Failure {
    Failure::new(ErrorCode::InvalidField, what)
}

impl Way {
    /// Checks a choice. `password`: for the proxy's name, empty without one.
    ///
    /// # Errors
    /// `invalid_field` for an address that is none, or a file without certificates.
    pub fn new(
        proxy: ProxyChoice,
        password: String,
        authorities: Option<Authorities>,
    ) -> Result<Self, Failure> {
        let way = Self {
            proxy,
            password,
            authorities,
            waits: false,
        };
        way.proxy()?;
        if way.certificates()?.is_empty() && way.authorities.is_some() {
            return Err(wrong("authorities: there is no certificate in the file"));
        }
        // What only shows when it is put together is found out now, not at the next request.
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        way.believing(way.by_proxy(builder)?)?
            .build()
            .map_err(|_| wrong("authorities: a certificate can't be used"))?;
        Ok(way)
    }

    /// The same while the password is not known yet: nothing gets through, as if nobody took connections, and nothing is asked
    /// that would be refused for good.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self { waits: true, ..self }
    }

    /// See [`Way::waiting`].
    #[must_use]
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// By which proxy.
    pub(crate) fn choice(&self) -> &ProxyChoice {
        &self.proxy
    }

    /// The builder with this proxy.
    pub(crate) fn by_proxy(&self, builder: ClientBuilder) -> Result<ClientBuilder, Failure> {
        if self.waits {
            let nobody = Proxy::all("http://127.0.0.1:0").map_err(|_| wrong("proxy"))?;
            return Ok(builder.no_proxy().proxy(nobody));
        }
        Ok(match self.proxy {
            ProxyChoice::System => builder,
            ProxyChoice::None => builder.no_proxy(),
            ProxyChoice::Manual { .. } => match self.proxy()? {
                Some(proxy) => builder.no_proxy().proxy(proxy),
                None => builder,
            },
        })
    }

    /// The builder with these authorities besides those of the system.
    pub(crate) fn believing(&self, builder: ClientBuilder) -> Result<ClientBuilder, Failure> {
        let certificates = self.certificates()?;
        Ok(if certificates.is_empty() {
            builder
        } else {
            builder.tls_certs_merge(certificates)
        })
    }

    fn proxy(&self) -> Result<Option<Proxy>, Failure> {
        let ProxyChoice::Manual {
            address,
            user,
            except,
        } = &self.proxy
        else {
            return Ok(None);
        };
        if [address, user, except].into_iter().any(|t| t.len() > MAX_TEXT) {
            return Err(wrong("proxy: too long"));
        }
        let url: Url = address
            .trim()
            .parse()
            .map_err(|_| wrong("proxy: http://host:port"))?;
        let bare = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) || !bare {
            return Err(wrong("proxy: http://host:port"));
        }
        let mut proxy = Proxy::all(url).map_err(|_| wrong("proxy: http://host:port"))?;
        if !user.is_empty() {
            proxy = proxy.basic_auth(user, &self.password);
        }
        Ok(Some(proxy.no_proxy(NoProxy::from_string(except))))
    }

    fn certificates(&self) -> Result<Vec<Certificate>, Failure> {
        let Some(authorities) = &self.authorities else {
            return Ok(Vec::new());
        };
        if authorities.pem.len() > MAX_PEM_BYTES || authorities.name.len() > MAX_TEXT {
            return Err(wrong("authorities: the file is too large"));
        }
        Certificate::from_pem_bundle(authorities.pem.as_bytes())
            .map_err(|_| wrong("authorities: this is no file of certificates"))
    }
}
