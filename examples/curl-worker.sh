#!/bin/sh
# A worker in thirty lines of shell: it asks the gateway for tasks, gives each to a command of yours, tells what came of it.
#
#   WORKER=w1 TYPE=shout sh curl-worker.sh 'jq ".payload | ascii_upcase"'
#
# The command gets the whole task as JSON on its standard input and prints its result as JSON. While it runs its lease is
# renewed; where that is refused, or the task was cancelled, the command is ended. Killed in the middle this worker is not
# missed: the lease ends, and the task runs elsewhere.
set -u
url=${URL:-http://localhost:8000} worker=${WORKER:-curl-$$} lease=${LEASE_SECONDS:-30} command=$1
post() { curl -sS --fail -X POST "$url$1" -H 'content-type: application/json' --data-binary "$2"; }
field() { printf %s "$2" | sed -n "s/^.*[{,]\"$1\":\"\([^\"]*\)\".*\$/\1/p" | head -n 1; }
out=$(mktemp) && trap 'rm -f "$out"' EXIT && trap 'exit 130' INT TERM

about="{\"worker_id\":\"$worker\"${TYPE:+,\"types\":[\"$TYPE\"]}}"
until post /workers/register "$about"; do sleep 1; done
while :; do
  task=$(post /tasks/next "{\"worker_id\":\"$worker\",\"wait\":\"20s\",\"lease_seconds\":$lease}") || { sleep 1; continue; }
  [ "$task" = null ] && continue
  # What fences it stands before what the task carries.
  head=${task%%,\"payload\":*} && id=$(field task_id "$head") held=$(field lease_id "$head")
  mine="\"worker_id\":\"$worker\",\"lease_id\":\"$held\""
  printf %s "$task" | sh -c "$command" >"$out" & running=$!
  # It ends with this worker: else a worker that was killed would hold its task for ever.
  (while sleep $((lease / 3 + 1)); kill -0 $$ 2>/dev/null || { kill $running; exit; }; do
    case $(post "/tasks/$id/renew" "{$mine,\"lease_seconds\":$lease}") in *'"cancel_requested":false'*) ;; *) kill $running ;; esac
  done) & renewing=$!
  if wait $running; then
    post "/tasks/$id/complete" "{$mine,\"result\":$(cat "$out")}" || post "/tasks/$id/fail" "{$mine,\"error\":\"the result is no JSON\"}"
  else
    post "/tasks/$id/fail" "{$mine,\"error\":\"the command ended with $?\"}"
  fi
  kill $renewing 2>/dev/null
done
