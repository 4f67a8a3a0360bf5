//! Signatures of the robots: HMAC-SHA256 in base64, each with its own idea of key and message.

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

fn hmac(key: &str, message: &str) -> String {
    // An HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(message.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// DingTalk: the secret is the key; not percent-encoded yet.
pub(super) fn dingtalk(secret: &str, now_ms: i64) -> String {
    hmac(secret, &format!("{now_ms}\n{secret}"))
}

/// Feishu: time and secret are the key, of nothing.
pub(super) fn feishu(secret: &str, now_s: i64) -> String {
    hmac(&format!("{now_s}\n{secret}"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac.
    #[test]
    fn signatures_are_those_of_another_implementation() {
        let secret = "SEC000000000000000000000";
        assert_eq!(
            dingtalk(secret, 1_764_403_200_000),
            "A7rO9/sNbBQjt8r6o8nDpXLd0pSWhG9ue/fJuqm6qho="
        );
        assert_eq!(feishu(secret, 1_764_403_200), "ijyC7kBR4JNv/pTIaFrVYXXw3fbRRpXTrbxHadTHqZ8=");
    }
}
