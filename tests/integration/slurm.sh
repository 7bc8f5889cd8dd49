#!/bin/sh
# A Slurm cluster on this machine, for as long as standard input is open. All that it writes is in one folder, which it removes: keys,
# sockets, logs and state. Nothing is asked of systemd, of control groups or of the configuration in /etc.
#
# usage: slurm.sh FOLDER        FOLDER is made; clients find the cluster by SLURM_CONF=FOLDER/slurm.conf
#
# It says "ready", or "skipped: WHY" where there is no Slurm or its daemons do not start.
set -u
PATH=$PATH:/usr/sbin:/sbin
folder=$1

skip() {
  echo "skipped: $1"
  exit 0
}
for command in munged slurmctld slurmd srun sbatch scancel scontrol sinfo setpriv python3; do
  command -v "$command" >/dev/null || skip "there is no $command"
done
user=$(id -un) || skip "this user has no name"

# ---- the end, whatever brings it ----

# Processes of the cluster, and of its jobs: they have its configuration in their environment.
left_over() (
  unset SLURM_CONF # or grep would find itself
  grep -lszxF "SLURM_CONF=$folder/slurm.conf" /proc/[0-9]*/environ | cut -d / -f 3
)

# wait_until SECONDS COMMAND…
wait_until() {
  tries=$(($1 * 10))
  shift
  until "$@"; do
    [ "$tries" -gt 0 ] || return 1
    tries=$((tries - 1))
    sleep 0.1
  done
}
nobody() { [ -z "$(left_over)" ]; }

clean_up() {
  trap '' HUP INT TERM
  for signal in TERM KILL; do
    nobody || kill -s "$signal" $(left_over) 2>/dev/null
    wait_until 3 nobody && break
  done
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# ---- the cluster ----

mkdir -p "$folder/state" "$folder/spool" || exit 1
folder=$(cd "$folder" && pwd)
host=$(uname -n)
host=${host%%.*}
# Two ports that are free now.
ports=$(python3 -c 'import socket
sockets = [socket.create_server(("", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))')

# Twice the cores that there may be, so that jobs run side by side. A job that is started again waits for cred_expire.
cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=$host NodeAddr=127.0.0.1 CPUs=4
PartitionName=jobs Nodes=ALL Default=YES PriorityTier=1 GraceTime=60
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF
END
# slurmd looks for control groups although nothing uses them. Before 23.02 it does not know "disabled", and version 1 asks the least.
case $(slurmd -V) in
  *\ 2[0-2].*) echo CgroupPlugin=cgroup/v1 ;;
  *) echo CgroupPlugin=disabled ;;
esac >"$folder/cgroup.conf"
export SLURM_CONF="$folder/slurm.conf"

# daemon COMMAND…: in the background, to be killed if this script is.
daemon() { setpriv --pdeathsig KILL "$@" </dev/null >>"$folder/$1.out" 2>&1 & }
is_idle() { [ "$(sinfo -h -o %t 2>/dev/null | sort -u)" = idle ]; }
has_failed() { grep -qs "fatal:\|initialization failed" "$folder"/slurm*.out; }
is_settled() { is_idle || has_failed; }

(umask 077 && head -c 128 /dev/urandom >"$folder/munge.key")
daemon munged --foreground --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
wait_until 10 test -S "$folder/munge.socket" || skip "munged did not start: $(tail -n 1 "$folder/munged.out")"
daemon slurmctld -D
daemon slurmd -D
wait_until 20 is_settled
is_idle || skip "Slurm did not start: $(grep -h "fatal\|error" "$folder"/slurm*.log | tail -n 1)"
echo ready
read -r _ || exit 0
