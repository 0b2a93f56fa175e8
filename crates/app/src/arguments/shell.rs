//! `longhand completions` and `longhand man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `longhand completions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
                        longhand completions bash > ~/.local/share/bash-completion/completions/longhand\n  \
                        longhand completions zsh > ~/.zfunc/_longhand     (with fpath+=~/.zfunc before compinit in ~/.zshrc)\n  \
                        longhand completions fish > ~/.config/fish/completions/longhand.fish\n  \
                        longhand completions elvish >> ~/.config/elvish/rc.elv\n  \
                        longhand completions powershell >> $PROFILE\n\n\
                        The folder must be there; shells that are begun afterwards complete.")]
pub struct CompletionsArguments {
    /// The shell.
    pub shell: Shell,
}

/// `longhand man`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  longhand man --out ~/.local/share/man/man1 && man longhand-train")]
pub struct ManArguments {
    /// The folder to write the pages into; made where it is not there. Older pages of the same names are replaced.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub out: PathBuf,
}
