//! The checksum of Modbus RTU, worked out bit by bit. It is written apart from the one that the
//! gateway checks with, so that one mistake cannot hide the other.

/// The checksum of a frame without its last two bytes, in the order of the wire.
pub(super) fn crc(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let odd = crc & 1 == 1;
            crc >>= 1;
            if odd {
                crc ^= 0xA001;
            }
        }
    }
    crc.to_le_bytes()
}

/// Whether the frame ends with its own checksum.
pub(super) fn fits(frame: &[u8]) -> bool {
    frame.split_last_chunk::<2>().is_some_and(|(body, end)| crc(body) == *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_frames_have_their_checksums() {
        // Unit 1 asked for one register; the specification's example, `02 07` with `41 12`.
        assert_eq!(crc(&[1, 3, 0, 0, 0, 1]), [0x84, 0x0A]);
        assert_eq!(crc(&[2, 7]), [0x41, 0x12]);
        assert_eq!(crc(&[0x11, 3, 0, 0x6B, 0, 3]), [0x76, 0x87]);
        assert_eq!(crc(b"123456789"), [0x37, 0x4B], "the check value of the catalogue, 0x4B37");
        assert!(fits(&[1, 3, 0, 0, 0, 1, 0x84, 0x0A]));
        assert!(!fits(&[1, 3, 0, 0, 0, 1, 0x0A, 0x84]) && !fits(&[1]));
    }
}
