package host

import (
	"time"

	"iact-infra/internal/procedure"
)

// Procedure is PROCED-INFRA-002 as a table. Reading it is reading the
// procedure; the work of a step is in the file named after its noun.
func (r *Room) Procedure() procedure.Procedure {
	return procedure.Procedure{
		Code: "PROCED-INFRA-002", Namespace: "host",
		Title: procedure.Text{ES: "Configurar el anfitrión del DevContainer", EN: "Configure the DevContainer host"},
		All:   [][]string{{"host:check"}, {"host:group"}, {"host:daemon"}, {"host:hello"}, {"host:devcontainer"}, {"host:network"}, {"host:validate"}},
		// 2 update, 3 Docker, 5 Compose
		Missing: []int{2, 3, 5},
		Steps: []procedure.Step{
			{
				Number: 1, Target: "host:check",
				Title:    procedure.Text{ES: "Comprobar el sistema: ¿puede alojar Docker?", EN: "Check the system: can it be a Docker host?"},
				ReadOnly: true,
				Run:      r.check,
				Estimate: seconds(1, 30),
				Symptoms: []string{"D04"},
			},
			{
				Number: 4, Target: "host:group",
				Title:    procedure.Text{ES: "Dar acceso a Docker al usuario", EN: "Let the user use Docker"},
				Done:     r.inGroup,
				Run:      r.join,
				Validate: r.inGroup,
				Undo:     r.leave,
				Undone:   r.left,
				Estimate: seconds(1, 30),
				Symptoms: []string{"D01", "D02"},
			},
			{
				Number: 6, Target: "host:daemon",
				Title:    procedure.Text{ES: "Configurar el demonio, y comprobar cada valor", EN: "Configure the daemon, and prove each value"},
				Done:     r.inEffect,
				Run:      r.configure,
				Validate: r.inEffect,
				Undo:     r.takeBack,
				Undone:   r.takenBack,
				Plan:     r.planConfigure,
				Estimate: seconds(2, 120),
				Symptoms: []string{"D03", "D18", "D19", "D20", "D04"},
			},
			{
				Number: 7, Target: "host:hello",
				Title:    procedure.Text{ES: "Verificar Docker: un contenedor habla", EN: "Verify Docker: a container speaks"},
				ReadOnly: true,
				Run:      r.greet,
				Estimate: seconds(1, 180),
				Symptoms: []string{"D02", "D01", "D05", "D06"},
			},
			{
				Number: 8, Target: "host:devcontainer",
				Title:    procedure.Text{ES: "Traer el proyecto y levantar su devcontainer", EN: "Fetch the project and start its devcontainer"},
				Done:     r.present,
				Run:      r.settle,
				Validate: r.settledNow,
				Undo:     r.unsettle,
				Undone:   r.unsettled,
				Plan:     r.planSettle,
				Estimate: seconds(10, 600),
				Symptoms: []string{"T01", "T03", "T04", "T05", "T06", "T12", "G01", "G02", "G03", "G04", "D02", "D01", "D05"},
			},
			{
				Number: 9, Target: "host:network",
				Title:    procedure.Text{ES: "Medir la red, el disco y los límites desde contenedores", EN: "Measure network, disk and limits from containers"},
				ReadOnly: true,
				Run:      r.network,
				Estimate: seconds(3, 120),
				Symptoms: []string{"D12", "D13", "D04", "D06", "B57", "D02", "D01"},
			},
			{
				Number: 10, Target: "host:validate",
				Title:    procedure.Text{ES: "Validar el anfitrión: una tabla con todo", EN: "Validate the host: all in one table"},
				ReadOnly: true,
				Run:      r.validate,
				Estimate: seconds(4, 120),
				Symptoms: []string{"D02", "D01", "D12", "D13", "D04", "D06", "B57"},
			},
		},
	}
}

func seconds(least, most int) procedure.Span {
	return procedure.Span{Min: time.Duration(least) * time.Second, Max: time.Duration(most) * time.Second}
}
