//! Where a request came from: the other end of the connection, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Who asks, by address: what limits are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// True when an address lies in one of the networks.
#[must_use]
pub fn is_in(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|n| n.contains(&address))
}

/// Behind trusted proxies, the last address in `X-Forwarded-For` that is none of them; anybody may write what stands
/// before it. Else the peer, whatever the header says (A100).
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_in(peer, trusted) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for");
    let all: Vec<&str> = values
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .collect();
    for text in all.iter().rev() {
        match text.parse::<IpAddr>() {
            Ok(address) if is_in(address, trusted) => {}
            Ok(address) => return address.to_canonical(),
            // Not written by a proxy that is to be believed.
            Err(_) => break,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a100_a_forwarded_address_counts_only_from_a_trusted_proxy_and_only_its_own_part() {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "::1/128"]
            .iter()
            .map(|n| n.parse().unwrap())
            .collect();
        for (peer, header, found) in [
            ("192.0.2.1", Some("203.0.113.9"), "192.0.2.1"),
            ("10.1.1.1", None, "10.1.1.1"),
            ("10.1.1.1", Some("203.0.113.9"), "203.0.113.9"),
            ("::ffff:10.1.1.1", Some("203.0.113.9"), "203.0.113.9"),
            (
                "10.1.1.1",
                Some("198.51.100.1, 203.0.113.9, 10.2.2.2"),
                "203.0.113.9",
            ),
            ("10.1.1.1", Some("203.0.113.9, nonsense"), "10.1.1.1"),
            ("::1", Some("2001:db8::1"), "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert("x-forwarded-for", header.parse().unwrap());
            }
            let address = client_address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(address, found.parse::<IpAddr>().unwrap(), "{peer} {header:?}");
        }
    }
}
