//! The rules that keep rows, in order of precedence.

/// Why a row stays. Rules are in order of precedence: a row counts for the first rule that marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It holds one of the caller's texts.
    Pattern,
    /// A value reports an error or a failure.
    Failure,
    /// It has a column or a type of value that hardly any row has, or lacks a column that nearly all have.
    Structure,
    /// It holds a value of a category that hardly any row holds.
    RareValue,
    /// A number lies far from all others of its column.
    Outlier,
    /// The level of a numeric column shifts here.
    ChangePoint,
    /// The query names it.
    Named,
    /// It shares words with the query.
    Relevant,
    /// It stands at the start.
    First,
    /// It stands at the end.
    Last,
    /// It shows values that no row chosen before shows, or stands far from the other rows that stay.
    Coverage,
}

impl Rule {
    /// Every rule in order of precedence.
    pub const ALL: [Self; 11] = [
        Self::Pattern,
        Self::Failure,
        Self::Structure,
        Self::RareValue,
        Self::Outlier,
        Self::ChangePoint,
        Self::Named,
        Self::Relevant,
        Self::First,
        Self::Last,
        Self::Coverage,
    ];

    /// Returns true if the rule keeps its rows whatever the budget is. Each such rule marks few rows by its
    /// definition, or none.
    #[must_use]
    pub fn always_keeps(self) -> bool {
        self <= Self::Named
    }

    /// Returns the name that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Failure => "failure",
            Self::Structure => "structure",
            Self::RareValue => "rare_value",
            Self::Outlier => "outlier",
            Self::ChangePoint => "change_point",
            Self::Named => "named",
            Self::Relevant => "relevant",
            Self::First => "first",
            Self::Last => "last",
            Self::Coverage => "coverage",
        }
    }
}
