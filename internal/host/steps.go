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
		All: [][]string{
			{"host:check"}, {"host:update"}, {"host:docker"}, {"host:group"}, {"host:compose"}, {"host:daemon"},
			{"host:hello", "host:devcontainer", "host:network"}, {"host:validate"},
		},
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
				Number: 2, Target: "host:update",
				Title:    procedure.Text{ES: "Actualizar los paquetes del sistema", EN: "Bring the packages of the system up to date"},
				Done:     r.current,
				Run:      r.update,
				Validate: r.updated,
				Undo:     r.outdate,
				Undone:   r.outdated,
				Estimate: seconds(10, 900),
				Symptoms: []string{"D08", "D09", "D10", "D11", "D14", "D12", "D17"},
			},
			{
				Number: 3, Target: "host:docker",
				Title:    procedure.Text{ES: "Instalar Docker, y comprobar un contenedor", EN: "Install Docker, and prove it by a container"},
				Done:     r.dockerAnswers,
				Run:      r.install,
				Validate: r.dockerWorks,
				Undo:     r.uninstall,
				Undone:   r.uninstalled,
				Estimate: seconds(20, 600),
				Symptoms: []string{"D11", "D10", "D08", "D09", "D14", "D12", "D17", "D20", "D02"},
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
				Number: 5, Target: "host:compose",
				Title:    procedure.Text{ES: "Instalar Compose 2 como complemento", EN: "Install Compose 2 as a plugin"},
				Done:     r.composeAnswers,
				Run:      r.compose,
				Validate: r.composeThere,
				Undo:     r.uncompose,
				Undone:   r.uncomposed,
				Estimate: seconds(5, 300),
				Symptoms: []string{"D16", "D08", "D09", "D14", "D12", "D17"},
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
