//! Whole numbers from outside: of a query, a header or a setting.

use std::str::FromStr;

/// Decimal digits alone. `parse` would let a sign pass: `+5`.
pub fn whole<N: FromStr>(text: &str) -> Option<N> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// As [`whole`], without leading zeros: each number has one text.
pub fn one_text<N: FromStr>(text: &str) -> Option<N> {
    whole(text).filter(|_| text == "0" || !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_digits_and_nothing_else() {
        for (text, number) in [("0", 0), ("5", 5), ("007", 7), ("4294967295", u32::MAX)] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in [
            "",
            "+",
            "-",
            "+5",
            "-5",
            "-0",
            " 5",
            "5 ",
            "5.0",
            "0x5",
            "1e3",
            "1_000",
            "٥",
            "4294967296",
        ] {
            assert_eq!(whole::<u32>(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_of_one_text_has_no_leading_zero() {
        assert_eq!((one_text("0"), one_text("10")), (Some(0_u8), Some(10_u8)));
        for text in ["00", "010", "+10", ""] {
            assert_eq!(one_text::<u8>(text), None, "{text}");
        }
    }
}
