//! Address lists, source addresses, origins: whatever is accepted means what it says.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use portal_backup_worker::domain::{ip, origin};

fuzz_target!(|input: &str| {
    let (list, caller) = input.split_once('\n').unwrap_or((input, "127.0.0.1"));
    if let Ok(networks) = ip::parse_list(list) {
        let allowed = ip::allows(&networks, Some(caller));
        let address = caller.parse::<IpAddr>().map(|address| address.to_canonical());
        assert!(!allowed || address.is_ok(), "only an address is ever allowed");
        if let Ok(address) = address {
            // Another spelling of the same address must not change the answer.
            assert_eq!(allowed, ip::allows(&networks, Some(&address.to_string())));
            if let IpAddr::V4(v4) = address {
                assert_eq!(allowed, ip::allows(&networks, Some(&v4.to_ipv6_mapped().to_string())));
            }
        }
    }
    assert!(ip::counted_as(Some(caller)).len() <= 64, "names for counting are short");

    if let Ok(origins) = origin::parse_origins(list) {
        for one in origins {
            assert!(!one.contains(['*', ' ', '@', '?', '#', '\\']) && one.matches('/').count() == 2, "{one}");
        }
    }
    if origin::is_endpoint(list) {
        assert!(list.starts_with("https://") || list.starts_with("http://"), "{list}");
        assert!(list.is_ascii() && !list.contains(char::is_whitespace), "{list}");
    }
});
