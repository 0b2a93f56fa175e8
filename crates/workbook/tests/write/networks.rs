//! Networks of every kind that a workbook is written for.

use longhand_derivation::worksheet::Worksheet;

/// The exercise.
pub const EXERCISE: &str = "";
/// Trained biases and another activation.
pub const TANH: &str = "
    layers = [3, 4, 2]
    hidden_activation = 'tanh'
    biases = { per_neuron = [] }
    learning_rates = [0.5, 1]
";
/// Two hidden layers, fixed biases, a kink.
pub const RELU: &str = "
    layers = [2, 3, 3, 1]
    hidden_activation = 'relu'
    output_activation = 'identity'
    biases = { per_layer = [] }
    learning_rates = [0.05, 0.2]
    rows = 40
";
/// Softmax, cross-entropy, two samples.
pub const SOFTMAX: &str = "
    layers = [3, 4, 3]
    loss = 'softmax_cross_entropy'
    hidden_activation = 'tanh'
    learning_rates = [0.1, 0.5]
    rows = 60
    samples = [
        { inputs = [1, -1, 0.5], targets = [0, 1, 0] },
        { inputs = [-0.5, 0.3, 0.2], targets = [0.7, 0, 0.3] },
    ]
";
/// No hidden layer, one row.
pub const SMALLEST: &str = "layers = [1, 1]\nrows = 1\nlearning_rates = [0.5]";
/// Too many weights for a derivation.
pub const UNREADABLE: &str = "layers = [10, 12, 8]\nlearning_rates = [0.1, 0.5]\nrows = 20";
/// Grows until double precision ends.
pub const OVERFLOWING: &str = "
    hidden_activation = 'identity'
    inputs = [30, 20]
    learning_rates = [0.0001, 2]
    rows = 40
";
/// Sums far below zero, where EXP(−x) alone would overflow in a spreadsheet.
pub const SATURATED: &str = "
    inputs = [1000, 2000]
    weights = [-1, -2, 0.001, 0.002, 0.4, 0.45, 0.5, 0.55]
    learning_rates = [0.5]
    rows = 10
";

/// All of them with what a failing test calls them.
pub const ALL: [(&str, &str); 8] = [
    ("exercise", EXERCISE),
    ("tanh", TANH),
    ("relu", RELU),
    ("softmax", SOFTMAX),
    ("smallest", SMALLEST),
    ("unreadable", UNREADABLE),
    ("overflowing", OVERFLOWING),
    ("saturated", SATURATED),
];

/// Works a network out.
pub fn work_out(text: &str) -> Worksheet {
    Worksheet::work_out(toml::from_str(text).expect("a network")).expect("a sound network")
}

/// Writes its workbook.
pub fn written(worksheet: &Worksheet) -> Vec<u8> {
    longhand_workbook::write::worksheet_workbook(worksheet).expect("a workbook")
}
