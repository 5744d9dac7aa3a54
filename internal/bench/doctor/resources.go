package doctor

// disk brings a daemon whose data are on a disk of their own: own_disk SIZE, and
// options of mkfs.ext4.
const disk = `own_disk() {
  local size=$1
  shift
  docker save "$IMAGE" >/home/image.tar
  engine_stop
  truncate -s "$size" /home/disk; mkfs.ext4 -q -F "$@" /home/disk; mount -o loop /home/disk /var/lib/docker
  engine_start
  docker load --quiet --input /home/image.tar >/dev/null
}
`

// diskBack gives the daemon its own disk back.
const diskBack = `rm -rf /var/lib/docker/fill; docker ps --quiet --all | xargs -r docker rm --force >/dev/null; engine_stop; umount -l /var/lib/docker; rm -f /home/disk /home/image.tar; engine_start`

// resourceFaults are those of memory, processors, disks and limits.
func resourceFaults() []Case {
	return []Case{
		{
			Name: "disk-full", Title: "the disk of the engine is full",
			Inject: disk + `own_disk 96M; up; dd if=/dev/zero of=/var/lib/docker/fill bs=64k status=none || true`, Undo: diskBack,
			Want: codes("RES-001"), Sees: "/var/lib/docker",
		},
		{
			Name: "disk-inodes", Title: "the disk of the engine has no room for another file",
			Inject: disk + `own_disk 12G -N 3000; up; mkdir /var/lib/docker/fill; cd /var/lib/docker/fill; seq 1 4000 | xargs touch 2>/dev/null || true`, Undo: diskBack,
			Want: codes("RES-002"), Sees: "inode",
		},
		{
			Name: "memory-near", Title: "the container has used up its memory",
			Config: `{"image": "busybox:testbed", "runArgs": ["--memory", "64m", "--memory-swap", "64m"]}`,
			Inject: `up; within 'dd if=/dev/zero of=/dev/shm/fill bs=1M count=59 status=none' || true`,
			Want:   codes("RES-003"), Sees: "64",
		},
		{
			Name: "memory-child", Title: "a process of the container was killed for its memory",
			Config: `{"image": "busybox:testbed", "runArgs": ["--memory", "32m", "--memory-swap", "32m"]}`,
			Inject: `up; within 'tail /dev/zero' || true`,
			Want:   codes("RES-004"), Sees: "32",
		},
		{
			Name: "cpu-throttled", Title: "the container may use a tenth of a processor",
			Config: `{"image": "busybox:testbed", "runArgs": ["--cpus", "0.1"]}`,
			Inject: `up; docker exec --detach "$(c)" sh -c 'while :; do :; done'; sleep 2`,
			Want:   codes("RES-005"), Sees: "0.1",
		},
		{
			Name: "pids", Title: "the container may have no more processes",
			Config: `{"image": "busybox:testbed", "runArgs": ["--pids-limit", "24"]}`,
			Inject: `up; within 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 600 >/dev/null 2>&1 & done' || true`,
			Want:   codes("RES-006"), Sees: "24",
		},
		{
			Name: "files", Title: "a process may hardly open a file",
			Config: `{"image": "busybox:testbed", "runArgs": ["--ulimit", "nofile=32:32"]}`, Inject: `up || true`,
			Want: codes("RES-008"), Sees: "32",
		},
		{
			Name: "log-huge", Title: "the log of the container has 2 GiB",
			Inject: `up; fallocate -l 2G "$(state .LogPath)"`,
			Want:   codes("RES-009"), Sees: "2",
		},
		{
			Name: "tmp-full", Title: "/tmp of the container is full",
			Config: `{"image": "busybox:testbed", "runArgs": ["--tmpfs", "/tmp:size=4m"]}`,
			Inject: `up; within 'dd if=/dev/zero of=/tmp/fill bs=64k status=none' || true`,
			Want:   codes("RES-012"), Sees: "/tmp",
		},
		{
			Name: "shm-full", Title: "/dev/shm of the container is full",
			Config: `{"image": "busybox:testbed", "runArgs": ["--shm-size", "1m"]}`,
			Inject: `up; within 'dd if=/dev/zero of=/dev/shm/fill bs=64k status=none' || true`,
			Want:   codes("RES-012"), Sees: "/dev/shm", Quick: true,
		},
		{
			Name: "processors-taken", Title: "a program takes all processors",
			Inject: `up; for n in $(seq $(($(nproc) + 1))); do docker exec --detach "$(c)" md5sum /dev/zero; done; sleep 7`,
			Want:   codes("PRF-007"), Sees: "md5sum",
		},
		{
			Name: "context-large", Title: "the build sends a gigabyte that it does not need",
			Config: `{"build": {"dockerfile": "Dockerfile", "context": ".."}}`,
			Inject: `echo 'FROM busybox:testbed' >.devcontainer/Dockerfile; up; mkdir dump; fallocate -l 1G dump/all.sql; touch -d '1 hour ago' .devcontainer/*`,
			Want:   codes("PRF-002"), Sees: "dump",
		},
	}
}
