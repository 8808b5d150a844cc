"""`tulle completion`: the script that completes commands, options and kinds in a shell."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    bash: `eval "$(tulle completion bash)"` in ~/.bashrc. zsh: the same in ~/.zshrc. fish: write it to
    ~/.config/fish/completions/tulle.fish.
    """
    from click.shell_completion import get_completion_class

    from tulle.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "tulle", "_TULLE_COMPLETE").source())
