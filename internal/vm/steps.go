package vm

import (
	"time"

	"iact-infra/internal/procedure"
)

// Procedure is PROCED-INFRA-001 as a table. Reading it is reading the
// procedure; the work of a step is in the file named after its noun.
func (r *Room) Procedure() procedure.Procedure {
	return procedure.Procedure{
		Code: "PROCED-INFRA-001", Namespace: "vm",
		Title: procedure.Text{ES: "Aprovisionar una VM con Vagrant", EN: "Provision a VM with Vagrant"},
		All: [][]string{
			{"vm:check"}, {"vm:fetch"}, {"vm:bootstrap"}, {"vm:up"}, {"vm:verify"}, {"vm:services"}, {"vm:snapshot"}, {"vm:test"},
		},
		Steps: []procedure.Step{
			{
				Number: 1, Target: "vm:check",
				Title:    procedure.Text{ES: "Comprobar el anfitrión: ¿puede ejecutar la máquina?", EN: "Check the host: can it run the machine?"},
				ReadOnly: true,
				Run:      r.check,
				Estimate: seconds(1, 30),
				Symptoms: []string{"V01", "V02"},
			},
			{
				Number: 2, Target: "vm:fetch",
				Title:    procedure.Text{ES: "Obtener el Vagrantfile, y validarlo", EN: "Get the Vagrantfile, and validate it"},
				Done:     r.fetched,
				Run:      r.fetch,
				Validate: r.valid,
				Undo:     r.unfetch,
				Undone:   r.unfetched,
				Plan:     r.planFetch,
				Estimate: seconds(2, 300),
				Symptoms: []string{"V20"},
			},
			{
				Number: 3, Target: "vm:bootstrap",
				Title:    procedure.Text{ES: "Preparar el script de aprovisionamiento y sus contraseñas", EN: "Prepare the provisioning script and its passwords"},
				Done:     r.prepared,
				Run:      r.prepare,
				Validate: r.prepared,
				Undo:     r.unprepare,
				Undone:   r.unprepared,
				Plan:     r.planPrepare,
				Estimate: seconds(1, 60),
			},
			{
				Number: 4, Target: "vm:up",
				Title:    procedure.Text{ES: "Levantar y aprovisionar las máquinas", EN: "Bring the machines up and provision them"},
				Done:     r.isUp,
				Run:      r.up,
				Validate: r.isUp,
				Undo:     r.takeDown,
				Undone:   r.isDown,
				Estimate: seconds(60, 1500),
			},
			{
				Number: 5, Target: "vm:verify",
				Title:    procedure.Text{ES: "Verificar las máquinas: estado, recursos y red", EN: "Verify the machines: state, resources and network"},
				ReadOnly: true,
				Run:      r.verify,
				Estimate: seconds(2, 60),
			},
			{
				Number: 6, Target: "vm:services",
				Title:    procedure.Text{ES: "Validar SSH, servicios y bases de datos", EN: "Validate SSH, services and databases"},
				ReadOnly: true,
				Run:      r.services,
				Estimate: seconds(3, 60),
			},
			{
				Number: 7, Target: "vm:snapshot",
				Title:    procedure.Text{ES: "Tomar una instantánea coherente", EN: "Take a consistent snapshot"},
				Done:     r.snapshotTaken,
				Run:      r.snapshot,
				Validate: r.snapshotThere,
				Undo:     r.dropSnapshot,
				Undone:   r.snapshotDropped,
				Estimate: seconds(3, 120),
			},
			{
				Number: 8, Target: "vm:test",
				Title:    procedure.Text{ES: "Pruebas finales: desde dentro y desde el anfitrión", EN: "Final tests: from inside and from the host"},
				ReadOnly: true,
				Run:      r.test,
				Estimate: seconds(3, 120),
			},
		},
		Extra: r.extra(),
	}
}

// extra are the targets for the days after.
func (r *Room) extra() []procedure.Step {
	return []procedure.Step{
		{
			Target:   "vm:restore",
			Title:    procedure.Text{ES: "Volver a una instantánea, con una de seguridad antes", EN: "Go back to a snapshot, with a safety snapshot before"},
			Run:      r.restore,
			Validate: r.restored,
			Undo:     r.unrestore,
			Undone:   r.unrestored,
			Estimate: seconds(5, 300),
		},
		{
			Target:   "vm:halt",
			Title:    procedure.Text{ES: "Apagar las máquinas", EN: "Shut the machines down"},
			Done:     r.isHalted,
			Run:      r.halt,
			Validate: r.isHalted,
			Undo:     r.unpower,
			Undone:   r.unpowered,
			Estimate: seconds(5, 90),
		},
		{
			Target:   "vm:suspend",
			Title:    procedure.Text{ES: "Suspender las máquinas", EN: "Suspend the machines"},
			Done:     r.isSuspended,
			Run:      r.suspend,
			Validate: r.isSuspended,
			Undo:     r.unpower,
			Undone:   r.unpowered,
			Estimate: seconds(1, 30),
		},
		{
			Target:   "vm:resume",
			Title:    procedure.Text{ES: "Reanudar las máquinas", EN: "Resume the machines"},
			Done:     r.isResumed,
			Run:      r.resume,
			Validate: r.isResumed,
			Undo:     r.unpower,
			Undone:   r.unpowered,
			Estimate: seconds(1, 30),
		},
		{
			Target:   "vm:reload",
			Title:    procedure.Text{ES: "Reiniciar con la configuración actual", EN: "Restart with the current configuration"},
			Run:      r.reload,
			Validate: r.isRunning,
			NoUndo:   procedure.Text{ES: "Un reinicio no se deshace.", EN: "A restart is not undone."},
			Estimate: seconds(20, 180),
		},
		{
			Target:   "vm:provision",
			Title:    procedure.Text{ES: "Aprovisionar de nuevo desde la etapa que falta", EN: "Provision again from the stage that is missing"},
			Run:      r.provision,
			Validate: r.isUp,
			NoUndo: procedure.Text{
				ES: "Cada etapa es idempotente; para volver atrás: mage vm:restore -name=INSTANTÁNEA.",
				EN: "Each stage is idempotent; the way back is mage vm:restore -name=SNAPSHOT.",
			},
			Estimate: seconds(10, 1500),
		},
		{
			Target:   "vm:export",
			Title:    procedure.Text{ES: "Exportar una máquina a un directorio", EN: "Export a machine into a directory"},
			Run:      r.export,
			Validate: r.exported,
			Undo:     r.unexport,
			Undone:   r.unexported,
			Estimate: seconds(5, 600),
		},
		{
			Target:   "vm:destroy",
			Title:    procedure.Text{ES: "Destruir las máquinas, tras preguntar", EN: "Destroy the machines, after asking"},
			Done:     r.isDestroyed,
			Run:      r.destroy,
			Validate: r.isDestroyed,
			NoUndo: procedure.Text{
				ES: "Lo destruido vuelve de un respaldo: mage backup:restoreVM; o vacío: mage vm:up.",
				EN: "What is destroyed comes back from a backup: mage backup:restoreVM; or empty: mage vm:up.",
			},
			Estimate: seconds(3, 60),
		},
	}
}

func seconds(least, most int) procedure.Span {
	return procedure.Span{Min: time.Duration(least) * time.Second, Max: time.Duration(most) * time.Second}
}
