"""make install puts everything where a distribution expects it, below DESTDIR only."""

import os
import subprocess

import support

support.need_hangwatch()


def test_install(tmp_path):
    done = subprocess.run(["make", "-s", "install", f"DESTDIR={tmp_path}", "prefix=/usr", f"O={os.environ.get('O', 'build')}"],
                          cwd=support.TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {"usr/bin/hangwatch", "usr/share/man/man1/hangwatch.1",
                     "usr/share/bash-completion/completions/hangwatch",
                     "usr/share/zsh/site-functions/_hangwatch",
                     "usr/share/fish/vendor_completions.d/hangwatch.fish"}
    assert "--explain" in (tmp_path / "usr/share/zsh/site-functions/_hangwatch").read_text()
