//! Any bytes as a notification: no panic in what callers do with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netconf_client::notification::Notification;

fuzz_target!(|message: &[u8]| {
    if let Ok(event) = Notification::read(message.to_vec().into(), 100) {
        let _ = (event.event_time(), event.name(), event.namespace(), event.is_complete());
        assert!(event.tree().is_ok() && event.xml().starts_with('<'));
    }
});
