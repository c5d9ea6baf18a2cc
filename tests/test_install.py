"""make install puts everything where a distribution expects it, below DESTDIR only."""

import subprocess

import support

support.need_hangwatch()


def make(target, folder):
    done = subprocess.run(["make", "-s", target, f"DESTDIR={folder}", "prefix=/usr", *support.make_options()],
                          cwd=support.TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_install(tmp_path):
    mine = tmp_path / "usr/bin/mine"
    mine.parent.mkdir(parents=True)
    mine.write_text("not hangwatch's\n")
    found = make("install", tmp_path)
    assert found == {"usr/bin/mine", "usr/bin/hangwatch", "usr/share/man/man1/hangwatch.1",
                     "usr/share/bash-completion/completions/hangwatch",
                     "usr/share/zsh/site-functions/_hangwatch",
                     "usr/share/fish/vendor_completions.d/hangwatch.fish"}
    assert "--explain" in (tmp_path / "usr/share/zsh/site-functions/_hangwatch").read_text()
    assert make("uninstall", tmp_path) == {"usr/bin/mine"}
