//! `--token-life`: how long tokens live, for all kinds or for one.

use std::str::FromStr;

use greenroom_model::{
    time,
    token::{Life, Lifetimes, TokenKind},
};

/// One `--token-life`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenLife {
    /// The kind it is about; all access tokens if absent.
    kind: Option<TokenKind>,
    /// How long it lives.
    life: Life,
}

impl TokenLife {
    /// Sets what it is about. Later ones win over earlier ones.
    pub(crate) fn apply(self, lifetimes: &mut Lifetimes) {
        match self.kind {
            Some(kind) => lifetimes.set(kind, self.life),
            // What a client goes on with when a token has run out is no part of "all tokens".
            None => TokenKind::ACCESS.into_iter().for_each(|kind| lifetimes.set(kind, self.life)),
        }
    }
}

impl FromStr for TokenLife {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, life) = match text.split_once('=') {
            Some((kind, life)) => (Some(kind.parse()?), life),
            None => (None, text),
        };
        let life = time::parse_duration(life).map_err(|error| error.to_string())?;
        let life = Life::try_from(life)
            .map_err(|error| format!("{error}; write 20s for all kinds, or tenant=5m for one"))?;
        Ok(Self { kind, life })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_set_for_all_kinds_or_one() {
        let mut lifetimes = Lifetimes::default();
        for text in ["20s", "tenant=5m", "sso=87600h"] {
            text.parse::<TokenLife>().unwrap().apply(&mut lifetimes);
        }
        assert_eq!(lifetimes.workspace.as_secs(), 20);
        assert_eq!(lifetimes.tenant.as_secs(), 300);
        assert_eq!(lifetimes.sso.as_secs(), 87_600 * 3_600);
    }

    #[test]
    fn impossible_lives_are_refused() {
        for text in ["0s", "500ms", "1s 1ms", "87601h", "tenant=0s", "-5s", "5", "acme=5m", "tenant="] {
            let error = text.parse::<TokenLife>().unwrap_err();
            assert!(!error.is_empty(), "{text}");
        }
        let error = "0s".parse::<TokenLife>().unwrap_err();
        assert!(error.contains("from 1s to ten years"), "{error}");
    }
}
