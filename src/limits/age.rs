use super::Misread;

const EXPECTED: &str =
    "a whole number from 1 to 999999 and a unit, such as `90d`, `12h`, `30m` or `45s`";

/// 999,999 days are 2,700 years, and every database can store the time at which they end.
const MOST_DIGITS: usize = 6;

/// How old a key may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// In seconds.
    seconds: i64,
}

impl Age {
    /// Reads a duration: a whole number and `d`, `h`, `m` or `s`.
    ///
    /// # Errors
    ///
    /// The text is not such a duration, the number is 0, or it has too many digits.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        Self::read(text.trim()).ok_or(Misread {
            entry: None,
            expected: EXPECTED,
        })
    }

    /// The duration in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Whether a key created at `created_at` is at most this old at `now`, both in seconds since
    /// the epoch. A key of unknown age is too old.
    #[must_use]
    pub fn covers(self, created_at: Option<i64>, now: i64) -> bool {
        created_at.is_some_and(|made| now.saturating_sub(made) <= self.seconds)
    }

    fn read(text: &str) -> Option<Self> {
        let unit = match text.chars().last()? {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let digits = &text[..text.len() - 1];
        let is_number = digits.len() <= MOST_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        let count: i64 = digits.parse().ok().filter(|_| is_number)?;
        (count > 0).then_some(Self {
            seconds: count * unit,
        })
    }
}
