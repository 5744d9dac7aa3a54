package cpython

import (
	"time"

	"iact-infra/internal/procedure"
)

// Procedure is PROCED-INFRA-006 as a table. Reading it is reading the
// procedure; the work of a step is in the file named after its noun.
func (r *Room) Procedure() procedure.Procedure {
	return procedure.Procedure{
		Code: "PROCED-INFRA-006", Namespace: "cpython",
		Title: procedure.Text{ES: "Actualizar la cadena de herramientas CPython", EN: "Update the CPython toolchain"},
		// The links move once the environments are rebuilt: one that was made through
		// them would stand on another version in between.
		All: [][]string{{"cpython:deps", "cpython:fetch"}, {"cpython:configure"}, {"cpython:build"}, {"cpython:test"}, {"cpython:install"}, {"cpython:venvs"}, {"cpython:compat"}, {"cpython:use"}, {"cpython:bench"}, {"cpython:clean"}},
		Steps: []procedure.Step{
			{
				Number: 1, Target: "cpython:deps",
				Title:    procedure.Text{ES: "Preparar: compilador, bibliotecas y sus cabeceras", EN: "Prepare: compiler, libraries and their headers"},
				Done:     r.depsHere,
				Run:      r.installDeps,
				Validate: r.depsHere,
				NoUndo: procedure.Text{
					ES: "Los paquetes se quedan: otras compilaciones los necesitan. El diario nombra los que se instalaron.",
					EN: "The packages stay: other builds need them. The journal names those that were installed.",
				},
				Plan:     r.planDeps,
				Estimate: minutes(1, 10),
				Symptoms: []string{"P06", "P12", "P13"},
			},
			{
				Number: 2, Target: "cpython:fetch",
				Title:    procedure.Text{ES: "Descargar y verificar las fuentes", EN: "Download and verify the sources"},
				Done:     r.fetched,
				Run:      r.fetch,
				Validate: r.fetched,
				NoUndo:   onlyOurs(),
				Plan:     r.planFetch,
				Estimate: minutes(1, 10),
			},
			{
				Number: 3, Target: "cpython:configure", Needs: []string{"cpython:deps", "cpython:fetch"},
				Title:    procedure.Text{ES: "Configurar la compilación", EN: "Configure the build"},
				Done:     r.configured,
				Run:      r.configure,
				Validate: r.configured,
				NoUndo:   onlyOurs(),
				Plan:     r.planConfigure,
				Estimate: minutes(1, 5),
				Symptoms: []string{"P06", "P12"},
			},
			{
				Number: 4, Target: "cpython:build", Needs: []string{"cpython:configure"},
				Title:    procedure.Text{ES: "Compilar", EN: "Compile"},
				Done:     r.compiled,
				Run:      r.compile,
				Validate: r.compiled,
				NoUndo:   onlyOurs(),
				Plan:     r.planCompile,
				Estimate: minutes(60, 120),
				Symptoms: []string{"P03", "P04", "P10", "P11", "P08", "P12", "P13"},
			},
			{
				Number: 5, Target: "cpython:test", Needs: []string{"cpython:build"},
				Title:    procedure.Text{ES: "Ejecutar las pruebas de CPython", EN: "Run the tests of CPython"},
				Done:     r.tested,
				Run:      r.test,
				Validate: r.tested,
				NoUndo:   onlyOurs(),
				Plan:     r.planTest,
				Estimate: minutes(30, 40),
			},
			{
				Number: 6, Target: "cpython:install", Needs: []string{"cpython:build"},
				Title:    procedure.Text{ES: "Instalar: aparte, arrancado, y solo entonces en su sitio", EN: "Install: beside, started, and only then in its place"},
				Done:     r.installed,
				Run:      r.install,
				Validate: r.installed,
				Undo:     r.uninstall,
				Undone:   r.uninstalled,
				Plan:     r.planInstall,
				Estimate: minutes(1, 5),
				Symptoms: []string{"P02", "P07", "P09"},
			},
			{
				Number: 7, Target: "cpython:venvs",
				Title:    procedure.Text{ES: "Reconstruir los entornos virtuales al lado, probarlos y cambiarlos", EN: "Rebuild the virtual environments beside, prove them, and swap"},
				Done:     r.venvsMoved,
				Run:      r.moveVenvs,
				Validate: r.venvsMoved,
				Undo:     r.moveVenvsBack,
				Undone:   r.venvsAreBack,
				Plan:     r.planVenvs,
				Estimate: minutes(1, 15),
				Symptoms: []string{"P09", "P02"},
			},
			{
				Number: 8, Target: "cpython:compat",
				Title:    procedure.Text{ES: "Comprobar que el proyecto funciona en la versión", EN: "Check that the project fits the version"},
				ReadOnly: true,
				Run:      r.checkFit,
				Estimate: minutes(0, 20),
			},
			{
				Number: 9, Target: "cpython:bench",
				Title:    procedure.Text{ES: "Medir: las mismas pruebas en la versión anterior y en la nueva", EN: "Measure: the same benchmarks on the version before and on the new one"},
				Done:     r.measured,
				Run:      r.bench,
				Validate: r.benched,
				NoUndo:   onlyOurs(),
				Plan:     r.planBench,
				Estimate: minutes(0, 10),
			},
			{
				Number: 10, Target: "cpython:clean",
				Title:    procedure.Text{ES: "Limpiar: lo que nadie usa, y que la caché puede devolver", EN: "Clean up: what nobody uses, and the cache can bring back"},
				Done:     r.kept,
				Run:      r.clean,
				Validate: r.cleaned,
				Undo:     r.bringBack,
				Undone:   r.cameBack,
				Plan:     r.planClean,
				Estimate: minutes(0, 1),
			},
		},
		Extra: []procedure.Step{
			{
				Target:   "cpython:use",
				Title:    procedure.Text{ES: "Usar una versión: los enlaces cambian de golpe", EN: "Use a version: the links change at once"},
				Done:     r.used,
				Run:      r.use,
				Validate: r.used,
				Undo:     r.unuse,
				Undone:   r.unused,
				Plan:     r.planUse,
				Estimate: minutes(0, 1),
			},
			{
				Target:   "cpython:rollback",
				Title:    procedure.Text{ES: "Volver a la versión anterior", EN: "Go back to the version before"},
				Run:      r.goBack,
				Validate: r.wentBack,
				Undo:     r.unuse,
				Undone:   r.unused,
				Plan:     r.planBack,
				Estimate: minutes(0, 1),
			},
		},
	}
}

// onlyOurs is why steps that work in cpython.work need no undo.
func onlyOurs() procedure.Text {
	return procedure.Text{
		ES: "Solo toca el directorio de trabajo, y la próxima ejecución sigue con lo que hay en él.",
		EN: "It touches nothing but the work directory, and the next run goes on with what is there.",
	}
}

func minutes(least, most int) procedure.Span {
	return procedure.Span{Min: time.Duration(least) * time.Minute, Max: time.Duration(most) * time.Minute}
}
