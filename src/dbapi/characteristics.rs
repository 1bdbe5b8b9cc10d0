//! What a connection's transactions are like: isolation, read-only, deferrable, or no transactions at all
//! (SEMANTICS, "Connection"; manual, SET TRANSACTION).
//!
//! With autocommit off they go on each BEGIN. With it on there is no BEGIN: the session's defaults are set.

/// psycopg2's isolation levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// The server's default.
    #[default]
    Default,
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    /// In SQL; `None`: the default.
    fn sql(self) -> Option<&'static str> {
        match self {
            Isolation::Default => None,
            Isolation::ReadUncommitted => Some("READ UNCOMMITTED"),
            Isolation::ReadCommitted => Some("READ COMMITTED"),
            Isolation::RepeatableRead => Some("REPEATABLE READ"),
            Isolation::Serializable => Some("SERIALIZABLE"),
        }
    }
}

/// `None` in one of its parts is the server's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Characteristics {
    /// Statements commit by themselves.
    pub(crate) autocommit: bool,
    pub(crate) isolation: Isolation,
    pub(crate) readonly: Option<bool>,
    pub(crate) deferrable: Option<bool>,
}

/// What is to be changed of them; `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) autocommit: Option<bool>,
    pub(crate) isolation: Option<Isolation>,
    pub(crate) readonly: Option<Option<bool>>,
    pub(crate) deferrable: Option<Option<bool>>,
}

impl Characteristics {
    pub(super) fn changed(self, changes: Changes) -> Characteristics {
        Characteristics {
            autocommit: changes.autocommit.unwrap_or(self.autocommit),
            isolation: changes.isolation.unwrap_or(self.isolation),
            readonly: changes.readonly.unwrap_or(self.readonly),
            deferrable: changes.deferrable.unwrap_or(self.deferrable),
        }
    }

    /// The statement that begins a transaction.
    pub(super) fn begin(&self) -> String {
        let mut sql = String::from("BEGIN");
        if let Some(level) = self.isolation.sql() {
            sql.push_str(" ISOLATION LEVEL ");
            sql.push_str(level);
        }
        match self.readonly {
            Some(true) => sql.push_str(" READ ONLY"),
            Some(false) => sql.push_str(" READ WRITE"),
            None => {}
        }
        match self.deferrable {
            Some(true) => sql.push_str(" DEFERRABLE"),
            Some(false) => sql.push_str(" NOT DEFERRABLE"),
            None => {}
        }
        sql
    }

    /// What makes a session's defaults ours, coming from `before`; empty if nothing does. With autocommit off
    /// they are the server's own.
    pub(super) fn settings(&self, before: &Characteristics) -> String {
        let own = |those: &Characteristics| {
            let those = if those.autocommit {
                *those
            } else {
                Characteristics::default()
            };
            [
                (
                    "default_transaction_isolation",
                    those
                        .isolation
                        .sql()
                        .map(|sql| format!("'{}'", sql.to_lowercase())),
                ),
                (
                    "default_transaction_read_only",
                    those.readonly.map(on_or_off),
                ),
                (
                    "default_transaction_deferrable",
                    those.deferrable.map(on_or_off),
                ),
            ]
        };
        let statements: Vec<String> = own(self)
            .into_iter()
            .zip(own(before))
            .filter(|(new, old)| new != old)
            .map(|((name, value), _)| {
                format!("SET {name} TO {}", value.as_deref().unwrap_or("DEFAULT"))
            })
            .collect();
        statements.join("; ")
    }

    /// As one number, for getters that do not wait.
    pub(super) fn pack(&self) -> u32 {
        let ternary = |value: Option<bool>| match value {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        u32::from(self.autocommit)
            | (self.isolation as u32) << 1
            | ternary(self.readonly) << 4
            | ternary(self.deferrable) << 6
    }

    /// What `pack` made a number of.
    pub(super) fn unpack(packed: u32) -> Characteristics {
        let ternary = |bits: u32| match bits & 3 {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        };
        Characteristics {
            autocommit: packed & 1 != 0,
            isolation: match packed >> 1 & 7 {
                1 => Isolation::ReadUncommitted,
                2 => Isolation::ReadCommitted,
                3 => Isolation::RepeatableRead,
                4 => Isolation::Serializable,
                _ => Isolation::Default,
            },
            readonly: ternary(packed >> 4),
            deferrable: ternary(packed >> 6),
        }
    }
}

fn on_or_off(value: bool) -> String {
    (if value { "on" } else { "off" }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Characteristics> {
        let mut all = Vec::new();
        for autocommit in [false, true] {
            for isolation in [
                Isolation::Default,
                Isolation::ReadUncommitted,
                Isolation::ReadCommitted,
                Isolation::RepeatableRead,
                Isolation::Serializable,
            ] {
                for readonly in [None, Some(false), Some(true)] {
                    for deferrable in [None, Some(false), Some(true)] {
                        all.push(Characteristics {
                            autocommit,
                            isolation,
                            readonly,
                            deferrable,
                        });
                    }
                }
            }
        }
        all
    }

    #[test]
    fn a_number_holds_them_all() {
        for those in all() {
            assert_eq!(Characteristics::unpack(those.pack()), those);
        }
    }

    #[test]
    fn begin_is_psycopg2s() {
        let begin = |isolation, readonly, deferrable| {
            Characteristics {
                autocommit: false,
                isolation,
                readonly,
                deferrable,
            }
            .begin()
        };
        assert_eq!(begin(Isolation::Default, None, None), "BEGIN");
        assert_eq!(
            begin(Isolation::Serializable, Some(true), Some(true)),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"
        );
        assert_eq!(
            begin(Isolation::ReadUncommitted, Some(false), Some(false)),
            "BEGIN ISOLATION LEVEL READ UNCOMMITTED READ WRITE NOT DEFERRABLE"
        );
    }

    #[test]
    fn the_sessions_defaults_are_set_with_autocommit_alone() {
        let plain = Characteristics::default();
        let strict = Characteristics {
            isolation: Isolation::Serializable,
            readonly: Some(true),
            ..plain
        };
        let auto = |those: Characteristics| Characteristics {
            autocommit: true,
            ..those
        };
        assert_eq!(strict.settings(&plain), "");
        assert_eq!(auto(plain).settings(&plain), "");
        let set = "SET default_transaction_isolation TO 'serializable'; \
                   SET default_transaction_read_only TO on";
        assert_eq!(auto(strict).settings(&strict), set);
        assert_eq!(auto(strict).settings(&auto(plain)), set);
        let reset = "SET default_transaction_isolation TO DEFAULT; \
                     SET default_transaction_read_only TO DEFAULT";
        assert_eq!(strict.settings(&auto(strict)), reset);
        assert_eq!(auto(plain).settings(&auto(strict)), reset);
        for those in all() {
            assert_eq!(those.settings(&those), "");
        }
    }
}
