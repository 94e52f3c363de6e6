//! Which addresses belong to the public internet, by IANA's registries of special ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for an address that anybody may be sent to: global unicast, and nothing that leads back inside by translation.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network; private; private; loopback.
        [0 | 10 | 127, ..] => true,
        // Between a provider and its customers; one cloud keeps its metadata there.
        [100, b, ..] => (64..128).contains(&b),
        // Link-local; most clouds keep their metadata there.
        [169, 254, ..] => true,
        [172, b, ..] => (16..32).contains(&b),
        [192, 168, ..] => true,
        // Protocol assignments (one cloud's metadata), documentation, 6to4 relays.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        // Measuring; documentation.
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // A host agent that one cloud puts beside every machine, under a public number.
        [168, 63, 129, 16] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast is 2000::/3. Outside are loopback, unspecified, mapped and compatible IPv4, NAT64 (64:ff9b::/96 and
    // 64:ff9b:1::/48), discard, unique local, link-local, site-local, multicast.
    if segments[0] & 0xe000 != 0x2000 {
        return false;
    }
    let special = match segments {
        // Protocol assignments: Teredo, benchmarking, ORCHID and others.
        [0x2001, b, ..] if b < 0x0200 => true,
        // Documentation, old and new.
        [0x2001, 0x0db8, ..] => true,
        [0x3fff, b, ..] if b < 0x1000 => true,
        // 6to4 has an IPv4 address inside.
        [0x2002, ..] => true,
        _ => false,
    };
    !special
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a084_no_special_address_is_public() {
        let special = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 \
            127.255.255.254 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 \
            192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 \
            168.63.129.16 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:7f00:1 \
            64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 \
            2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:a9fe:a9fe::1 3fff::1 3fff:fff::1 5f00::1 \
            fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1";
        for one in special.split_whitespace() {
            let address: IpAddr = one.parse().expect(one);
            assert!(!is_public(address), "{one}");
        }
    }

    #[test]
    fn the_internet_is_public() {
        let open = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.1.1 \
            172.15.255.255 172.32.0.1 192.0.1.1 192.167.1.1 192.169.1.1 198.17.1.1 198.20.1.1 203.0.112.1 223.255.255.255 \
            168.63.129.17 2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1 3ffe::1";
        for one in open.split_whitespace() {
            let address: IpAddr = one.parse().expect(one);
            assert!(is_public(address), "{one}");
        }
    }

    proptest! {
        // However an IPv4 address is wrapped into an IPv6 one, it gains nothing.
        #[test]
        fn a084_no_wrapped_address_is_public(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let low = u128::from(bits);
            for v6 in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::from_bits(low),
                Ipv6Addr::from_bits(0x0064_ff9b << 96 | low),
                Ipv6Addr::from_bits(0x2002 << 112 | low << 80),
                Ipv6Addr::from_bits(0x2001_0000 << 96 | low),
            ] {
                prop_assert!(!is_public(IpAddr::V6(v6)), "{v6}");
            }
        }

        #[test]
        fn what_the_standard_library_calls_special_is_not_public(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified();
            prop_assert!(!(special && is_public(IpAddr::V4(v4))), "{v4}");
        }
    }
}
