# awk -v goals=<file> -v peers="libtorch dlib" -f table.awk <lines>: the table of compare.sh.
# Lines, with tabs: program, group, workload, threads, microseconds, limit, amount. A row's limit is `amount` times the
# least time of the workload limit/<limit>, measured with at most as many threads.
function least(list, key, x) { if (!(key in list) || x < list[key]) list[key] = x }
function number(x) { return x >= 1000 ? sprintf("%.0f", x) : x >= 100 ? sprintf("%.1f", x) : sprintf("%.3g", x) }
function goal_of(workload, peer,    i) {
  if (workload ~ /, MB$/) return 0
  for (i = 1; i <= n_goals; ++i) if (goal_peer[i] == peer && workload ~ "^" pattern[i] "$") return goal[i]
  return 0
}
# Least time with at most so many threads. Cores share nothing in multiply-adds, so there fewer threads count in proportion:
# on a machine that is not idle, one core alone is measured best.
function limit_time(name, threads,    least_time, t, x) {
  for (t in all_threads)
    if (t + 0 <= threads && ((name, t) in limit)) {
      x = limit[name, t] * (name == "fma" ? t / threads : 1)
      if (!least_time || x < least_time) least_time = x
    }
  return least_time
}

# One row; peer "": nobody to compare with.
function row(workload, threads, peer,    us, theirs, ratio, goal, met, bound, name, kind) {
  us = time["benchmarks", workload, threads]
  theirs = peer ? time["benchmarks_" peer, workload, threads] : 0
  goal = goal_of(workload, peer)
  ratio = us && theirs ? theirs / us : 0
  met = goal && ratio ? (ratio >= goal ? "yes" : "no") : ""
  if (met) ++with[threads]
  if (met == "yes") ++good[threads]
  name = limit_of[workload]
  kind = name
  sub("/.*", "", kind)
  bound = us && name ? amount[workload] * limit_time(name, threads) : 0
  printf "| %-50s | %3d | %9s | %-8s | %9s | %6s | %4s | %3s | %-22s | %8s | %11s |\n", workload, threads, us ? number(us) : "-",
    peer, theirs ? number(theirs) : "-", ratio ? sprintf("%.2f", ratio) : "-", goal ? goal : "", met,
    bound ? sprintf("%.0f %% of %s", 100 * bound / us, (name == "fma") ? sprintf("%.3g GFLOP", amount[workload]) : kind) : "",
    bound ? number(bound) : "", (met == "no" && bound) ? sprintf("%.2f", theirs / bound) : ""
}

BEGIN {
  FS = "\t"
  while ((getline line < goals) > 0)
    if (line !~ /^#/ && split(line, f, "\t") == 3) { pattern[++n_goals] = f[1]; goal_peer[n_goals] = f[2]; goal[n_goals] = f[3] + 0 }
  n_peers = split(peers, peer_list, " ")
}
!($4 in all_threads) { all_threads[$4]; thread_list[++n_threads] = $4 }
$2 == "limit" {
  sub("^limit/", "", $3)
  sub("/past_caches$", "", $3)
  least(limit, $3 SUBSEP $4, $5 + 0)
  next
}
{
  if ($3 !~ "/") $3 = $2 "/" $3  # memory, of the group's process
  if (!(($3, $4) in seen)) { seen[$3, $4]; order[++n] = $3 SUBSEP $4 }
  least(time, $1 SUBSEP $3 SUBSEP $4, $5 + 0)
  if ($6 != "") { limit_of[$3] = $6; amount[$3] = $7 }
}
END {
  for (i = 1; i <= n_threads; ++i) {
    x = limit_time("fma", thread_list[i])
    if (x) printf "%d thread(s): %.0f GFLOP/s of multiply-adds\n", thread_list[i], 1e6 / x
  }
  print ""
  printf "| %-50s | thr | %9s | %-8s | %9s | %6s | %4s | met | %-22s | %8s | %11s |\n", "workload", "ours us", "peer", "peer us",
    "ratio", "goal", "of the limit", "limit us", "ratio there"
  print "| --- | ---: | ---: | :--- | ---: | ---: | ---: | :--- | :--- | ---: | ---: |"
  for (i = 1; i <= n; ++i) {
    split(order[i], k, SUBSEP)
    rows = 0
    for (p = 1; p <= n_peers; ++p) if (("benchmarks_" peer_list[p], k[1], k[2]) in time) { row(k[1], k[2], peer_list[p]); ++rows }
    if (!rows) row(k[1], k[2], "")
  }
  print ""
  for (i = 1; i <= n_threads; ++i) {
    x = thread_list[i]
    if (x in with) printf "%d thread(s): %d of %d goals met\n", x, good[x], with[x]
  }
}
