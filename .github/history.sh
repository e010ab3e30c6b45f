#!/bin/bash
# The history of nights, as the nightly job keeps it. `begin` puts the results of earlier nights into runs/history, `end`
# adds those of tonight to the branch `history` and writes the job's summary, `issue` keeps one issue open as long as a
# figure is worse than it was.
set -euo pipefail

FOLDER=runs/history
BRANCH=history
TITLE="Nightly: a figure has changed for the worse"

begin() {
  mkdir -p runs
  if git fetch --depth=1 origin "$BRANCH"; then
    git worktree add --force "$FOLDER" FETCH_HEAD
  else
    git worktree add --force --detach "$FOLDER"
    git -C "$FOLDER" checkout --orphan first-night
    git -C "$FOLDER" rm -rf --quiet .
  fi
}

end() {
  cat "$FOLDER/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
  git -C "$FOLDER" add --force '*/results.json'
  git -C "$FOLDER" diff --cached --quiet && return
  git -C "$FOLDER" -c user.name="nightly job" -c user.email="nightly@localhost" commit --quiet \
    --message "Add the results of a night with Kubernetes ${KUBERNETES:?}"
  git -C "$FOLDER" push origin "HEAD:$BRANCH"
}

issue() {
  local open
  open="$(gh issue list --state open --search "in:title \"$TITLE\"" --json number --jq '.[0].number // empty')"
  if grep --quiet '^- worse:' "$FOLDER/summary.md"; then
    if [[ -n "$open" ]]; then
      gh issue edit "$open" --body-file "$FOLDER/summary.md"
    else
      gh issue create --title "$TITLE" --body-file "$FOLDER/summary.md"
    fi
  elif [[ -n "$open" ]]; then
    gh issue close "$open" --comment "No figure is worse than it was."
  fi
}

case "${1:-}" in
  begin | end | issue) "$1" ;;
  *) echo "usage: $0 begin|end|issue" >&2; exit 2 ;;
esac
