//! `results serve` and `results token` in a build without the web page.

use std::ffi::OsString;

use super::definitions::Folder;
use super::outcome::Outcome;
use crate::error::Failure;

#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(in crate::cli) struct Args {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<OsString>,
}

/// The same.
pub(super) type TokenArgs = Args;

pub(super) fn exec(_: &Args, _: &Folder) -> Outcome {
    without()
}

pub(super) fn token(_: &Args) -> Outcome {
    without()
}

fn without() -> Outcome {
    Err(Failure::usage(
        "this build of results has no web page\n(hint: `cargo install --path . --features serve`, in the folder of its \
         sources, installs one that has)",
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::error::Exit;

    #[derive(Debug, Parser)]
    enum Command {
        Serve(Args),
        Token(TokenArgs),
    }

    #[test]
    fn whatever_is_asked_of_the_page_is_told_how_to_have_one() {
        for words in
            ["serve out", "serve --help", "serve", "serve out --listen 0 --json", "token new anna --days 30"]
        {
            let command = Command::try_parse_from(["results"].into_iter().chain(words.split(' '))).unwrap();
            let end = match &command {
                Command::Serve(args) => exec(args, &Folder(None)),
                Command::Token(args) => token(args),
            };
            let failure = end.unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{words}");
            assert!(failure.to_string().contains("cargo install --path . --features serve"), "{failure}");
        }
    }
}
