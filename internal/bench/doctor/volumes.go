package doctor

// volumeFaults are those of volumes and mounts.
func volumeFaults() []Case {
	return []Case{
		{
			Name: "bind-missing", Title: "what is to be mounted is not there",
			Config: `{"image": "busybox:testbed", "mounts": ["source=/home/ana/secrets,target=/secrets,type=bind"]}`, Inject: `fails_up`,
			Want: codes("VOL-001", "MOUNT", "PATH"), Sees: "/home/ana/secrets", Quick: true,
		},
		{
			Name: "bind-made-directory", Title: "Docker has made a directory where a file was to be",
			Config: `{"image": "busybox:testbed", "runArgs": ["--volume", "${localWorkspaceFolder}/settings.json:/etc/app/settings.json"]}`,
			Want:   codes("VOL-002"), Sees: "settings.json",
		},
		{
			Name: "bind-made-empty", Title: "Docker has made an empty directory: the name of the folder is mistyped",
			Config: `{"image": "busybox:testbed", "runArgs": ["--volume", "${localWorkspaceFolder}/datasset:/data"]}`,
			Inject: `file dataset/rows.csv <<<1; up`,
			Want:   codes("VOL-002"), Sees: "datasset",
		},
		{
			Name: "bind-readonly", Title: "the workspace is mounted read-only",
			Config: `{"image": "busybox:testbed", "workspaceMount": "source=${localWorkspaceFolder},target=/src,type=bind,readonly", "workspaceFolder": "/src"}`,
			Want:   codes("VOL-003"), Sees: "/src",
		},
		{
			Name: "bind-removed", Title: "the folder was removed and cloned again under the running container",
			Inject: `up; cd /; cp -a "$W" "$W.new"; rm -rf "$W"; mv "$W.new" "$W"; touch "$W/README"`,
			Want:   codes("VOL-009"), Sees: "bind-removed",
		},
		{
			Name: "bind-link", Title: "the mounted link leads elsewhere since then",
			Config: `{"image": "busybox:testbed", "mounts": ["source=${localWorkspaceFolder}/current,target=/release,type=bind"]}`,
			Inject: `mkdir r1 r2; echo 1 >r1/v; echo 2 >r2/v; ln -s r1 current; up; ln -sfn r2 current`,
			Want:   codes("VOL-009"), Sees: "current",
		},
		{
			Name: "volume-emptied", Title: "the directory of the volume was removed under the container",
			Config: `{"image": "busybox:testbed", "mounts": ["source=app-data,target=/data,type=volume"]}`,
			Inject: `up; within 'echo 1 >/data/rows'; rm -rf /var/lib/docker/volumes/app-data/_data`,
			Want:   codes("VOL-004", "VOL-005", "VOL-009"), Sees: "app-data",
		},
		{
			Name: "volume-device", Title: "what the volume leads to is not there",
			Config: `{"image": "busybox:testbed", "mounts": ["source=share,target=/share,type=volume"]}`,
			Inject: `docker volume create --opt type=none --opt o=bind --opt device=/home/ana/share share; fails_up`,
			Want:   codes("VOL-006", "VOL-001"), Sees: "/home/ana/share",
		},
		{
			Name: "volume-plugin", Title: "the volume asks for a driver that is not there",
			Config: `{"image": "busybox:testbed", "mounts": ["source=cloud,target=/cloud,type=volume,volume-driver=rexray"]}`, Inject: `fails_up`,
			Want: codes("VOL-006", "MOUNT"), Sees: "rexray",
		},
		{
			Name: "folder-mistyped", Title: "workspaceFolder is not where the workspace is mounted",
			Config: `{"image": "busybox:testbed", "workspaceFolder": "/workspaces/ap"}`, Inject: `up || true`,
			Want: codes("VOL-007", "WORKSPACE"), Sees: "/workspaces/ap",
		},
		{
			Name: "folder-elsewhere", Title: "workspaceMount leads elsewhere than workspaceFolder",
			Config: `{"image": "busybox:testbed", "workspaceMount": "source=${localWorkspaceFolder},target=/src,type=bind", "workspaceFolder": "/app"}`, Inject: `up || true`,
			Want: codes("VOL-007", "WORKSPACE"), Sees: "/app",
		},
		{
			Name: "folder-unmounted", Title: "the container was made by hand, and the workspace is not mounted",
			Config: `{"image": "busybox:testbed", "workspaceMount": "source=${localWorkspaceFolder},target=/src,type=bind", "workspaceFolder": "/src"}`,
			Inject: `docker run --detach --init --label "devcontainer.local_folder=$W" --label "devcontainer.config_file=$W/.devcontainer/devcontainer.json" "$IMAGE" sleep 600`,
			Want:   codes("VOL-007"), Sees: "/src",
		},
		{
			Name: "mount-hides", Title: "an empty folder is mounted over what the image has there",
			Config: `{"build": {"dockerfile": "Dockerfile"}, "mounts": ["source=${localWorkspaceFolder}/tool,target=/opt/tool,type=bind"]}`,
			Inject: `printf 'FROM busybox:testbed\nRUN mkdir -p /opt/tool/bin && cp /bin/busybox /opt/tool/bin/tool\nENV PATH=/opt/tool/bin:/bin\n' >.devcontainer/Dockerfile; mkdir tool; up`,
			Want:   codes("VOL-008"), Sees: "/opt/tool",
		},
	}
}
