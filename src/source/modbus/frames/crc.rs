//! The checksum of RTU frames: CRC-16 with the polynomial 0xA001, low byte first
//! (MODBUS over Serial Line 1.02, section 6.2.2).

/// The checksum of some bytes.
pub(super) fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            let half = crc >> 1;
            if crc & 1 == 1 { half ^ 0xA001 } else { half }
        })
    })
}

/// Whether the last two bytes are the checksum of those before.
pub(super) fn is_whole(frame: &[u8]) -> bool {
    frame.split_last_chunk::<2>().is_some_and(|(body, sum)| crc(body) == u16::from_le_bytes(*sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_checksum_of_the_specification() {
        // Read register 0 of unit 1, as printed in countless manuals.
        assert!(is_whole(&[0x01, 0x03, 0x00, 0x00, 0x00, 0x01, 0x84, 0x0A]));
        // The specification's own example: 02 07 gives 41 12.
        assert!(is_whole(&[0x02, 0x07, 0x41, 0x12]));
        assert!(!is_whole(&[0x02, 0x07, 0x41, 0x13]));
        assert!(!is_whole(&[0x02]));
    }
}
