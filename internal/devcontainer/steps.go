package devcontainer

import (
	"time"

	"iact-infra/internal/procedure"
)

// doctorTarget asks all sides at once.
const doctorTarget = "devcontainer:doctor"

// Procedure is PROCED-INFRA-005 as a table. Reading it is reading the
// procedure; the work of a step is in the folder named after it.
func (r *Room) Procedure() procedure.Procedure {
	return procedure.Procedure{
		Code: "PROCED-INFRA-005", Namespace: "devcontainer",
		Title: procedure.Text{ES: "Diagnosticar el DevContainer", EN: "Troubleshoot the DevContainer"},
		All:   [][]string{{doctorTarget}},
		Steps: []procedure.Step{
			{
				Number: 1, Target: "devcontainer:state",
				Title:    procedure.Text{ES: "Estado: motor, contenedores, salidas y registros", EN: "State: engine, containers, how they ended, logs"},
				ReadOnly: true,
				Run:      r.look("devcontainer:state"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"D01", "D02", "D34", "D50", "D54", "D55", "T06", "T11", "T26"},
			},
			{
				Number: 2, Target: "devcontainer:config",
				Title:    procedure.Text{ES: "Configuración: devcontainer.json, Dockerfile y Compose", EN: "Configuration: devcontainer.json, Dockerfile and Compose"},
				ReadOnly: true,
				Run:      r.look("devcontainer:config"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"T13", "T08", "T25", "T27", "T28", "D38", "D39", "D41", "D49"},
			},
			{
				Number: 3, Target: "devcontainer:network",
				Title:    procedure.Text{ES: "Red: nombres, salida, puertos, reglas", EN: "Network: names, the way out, ports, rules"},
				ReadOnly: true,
				Run:      r.look("devcontainer:network"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"D01", "D02", "D35", "D53", "T14", "C26"},
			},
			{
				Number: 4, Target: "devcontainer:volumes",
				Title:    procedure.Text{ES: "Volúmenes y montajes", EN: "Volumes and mounts"},
				ReadOnly: true,
				Run:      r.look("devcontainer:volumes"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"T03", "T04", "T01", "D37", "D48", "T19"},
			},
			{
				Number: 5, Target: "devcontainer:permissions",
				Title:    procedure.Text{ES: "Permisos: usuarios, archivos, el socket", EN: "Permissions: users, files, the socket"},
				ReadOnly: true,
				Run:      r.look("devcontainer:permissions"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"T12", "T17", "T18", "T20", "T21"},
			},
			{
				Number: 6, Target: "devcontainer:resources",
				Title:    procedure.Text{ES: "Recursos: memoria, CPU, disco, límites", EN: "Resources: memory, CPU, disk, limits"},
				ReadOnly: true,
				Run:      r.look("devcontainer:resources"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"T10", "T24", "T29", "T23", "C02"},
			},
			{
				Number: 7, Target: "devcontainer:performance",
				Title:    procedure.Text{ES: "Rendimiento: arranque, discos, contexto, imagen", EN: "Performance: start-up, disks, context, image"},
				ReadOnly: true,
				Run:      r.look("devcontainer:performance"),
				Estimate: seconds(1, 20),
				Symptoms: []string{"T10", "C02"},
			},
			{
				Number: 8, Target: "devcontainer:extensions",
				Title:    procedure.Text{ES: "Extensiones y servidor de VS Code", EN: "Extensions and the server of VS Code"},
				ReadOnly: true,
				Run:      r.look("devcontainer:extensions"),
				Estimate: seconds(1, 10),
				Symptoms: []string{"T09", "T16", "T17", "T14"},
			},
			{
				Number: 9, Target: debugTarget,
				Title:    procedure.Text{ES: "Depurar: registros en orden de tiempo, una shell, trazas", EN: "Debug: logs in the order of time, a shell, traces"},
				Run:      r.debug,
				Validate: r.cleared,
				Undo:     r.clearUp,
				Undone:   r.cleared,
				Plan:     r.planDebug,
				Estimate: seconds(1, 30),
				Symptoms: []string{"D01", "D02", "D50"},
			},
			{
				Number: 10, Target: recoverTarget,
				Title:    procedure.Text{ES: "Recuperar: reiniciar, recrear, reconstruir, y al final los volúmenes", EN: "Recover: restart, recreate, rebuild, and last the volumes"},
				Run:      r.recovery,
				Validate: r.recoveredNow,
				Undo:     r.unrecover,
				Undone:   r.unrecovered,
				Plan:     r.planRecover,
				Estimate: seconds(5, 600),
				Symptoms: []string{"D01", "D02", "D04", "D36", "D54", "T07"},
			},
		},
		Extra: []procedure.Step{
			{
				Target:   doctorTarget,
				Title:    procedure.Text{ES: "Diagnosticarlo todo: la causa primero", EN: "Look at everything: the cause first"},
				ReadOnly: true,
				Run:      r.look(doctorTarget),
				Estimate: seconds(1, 20),
				Symptoms: []string{"D01", "D02", "D28", "D44", "T09"},
			},
			{
				Target:   matrixTarget,
				Title:    procedure.Text{ES: "La matriz de síntomas, y las comprobaciones de uno", EN: "The symptom matrix, and the checks of one"},
				ReadOnly: true,
				Run:      r.showMatrix,
				Estimate: seconds(1, 20),
			},
			{
				Target:   fixTarget,
				Title:    procedure.Text{ES: "Reparar lo que se puede, y mirar otra vez", EN: "Repair what can be, and look again"},
				Run:      r.fix,
				Validate: r.fixed,
				Undo:     r.unfix,
				Undone:   r.unfixed,
				Estimate: seconds(2, 60),
			},
			{
				Target:   bundleTarget,
				Title:    procedure.Text{ES: "Empaquetar un archivo de soporte sin secretos", EN: "Pack a support archive without secrets"},
				Run:      r.pack,
				Validate: r.packed,
				Undo:     r.unpack,
				Undone:   r.unpacked,
				Plan:     r.planPack,
				Estimate: seconds(2, 60),
			},
		},
	}
}

func seconds(least, most int) procedure.Span {
	return procedure.Span{Min: time.Duration(least) * time.Second, Max: time.Duration(most) * time.Second}
}
