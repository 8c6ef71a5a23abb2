//! The rules that keep rows, in their order of right.

/// Why a row stays. The order is the order of right: a row is put down to the first rule that wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It holds one of the caller's texts.
    Pattern,
    /// A value tells of an error or a failure.
    Failure,
    /// It has columns or types of values that hardly any row has, or lacks what nearly all have.
    Structure,
    /// It holds a value of a category that hardly any row holds.
    RareValue,
    /// A number lies far from all others of its column.
    Outlier,
    /// The level of a numeric column shifts here.
    ChangePoint,
    /// The query names it.
    Named,
    /// It has to do with the query.
    Relevant,
    /// It stands at the start.
    First,
    /// It stands at the end.
    Last,
    /// It shows values that no row before showed, or stands where nothing is shown yet.
    Coverage,
}

impl Rule {
    /// Every rule in order of right.
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

    /// The word in reports.
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
