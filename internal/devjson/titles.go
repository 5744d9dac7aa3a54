package devjson

import "iact-infra/internal/procedure"

func titles() map[string]procedure.Text {
	return map[string]procedure.Text{
		"DC-ABSENT":         {ES: "Falta devcontainer.json", EN: "No devcontainer.json"},
		"DC-CONFLICT":       {ES: "Marcas de un conflicto de fusión", EN: "Marks of a merge conflict"},
		"DC-SYNTAX":         {ES: "Error de sintaxis", EN: "Syntax error"},
		"DC-DUPLICATE":      {ES: "Clave repetida", EN: "Key given twice"},
		"DC-OBJECT":         {ES: "No es un objeto", EN: "Not an object"},
		"DC-TYPE":           {ES: "Valor de otro tipo", EN: "Value of another type"},
		"DC-KEY":            {ES: "Clave desconocida", EN: "Unknown key"},
		"DC-ENUM":           {ES: "Valor que no existe", EN: "Value that does not exist"},
		"DC-VALUE":          {ES: "Valor con otra forma", EN: "Value of another form"},
		"DC-BASE":           {ES: "Sin imagen, Dockerfile ni Compose", EN: "No image, Dockerfile or Compose file"},
		"DC-BOTH":           {ES: "Más de un origen del contenedor", EN: "More than one origin of the container"},
		"DC-CONTRADICTION":  {ES: "Claves que se contradicen", EN: "Keys that contradict each other"},
		"DC-PATH":           {ES: "Ruta que no existe", EN: "Path that is not there"},
		"DC-WORKSPACE":      {ES: "Carpeta de trabajo", EN: "Workspace folder"},
		"DC-VARIABLE":       {ES: "Variable desconocida", EN: "Unknown variable"},
		"DC-EMPTY-VARIABLE": {ES: "Variable vacía", EN: "Empty variable"},
		"DC-MOUNT":          {ES: "Montaje que no puede ser", EN: "Mount that cannot be"},
		"DC-RUN-ARGS":       {ES: "Argumentos de docker run", EN: "Arguments of docker run"},
		"DC-PORT":           {ES: "Puerto", EN: "Port"},
		"DC-USER":           {ES: "Usuario del contenedor", EN: "User of the container"},
		"DC-LIFECYCLE":      {ES: "Comando que no puede funcionar", EN: "Command that cannot work"},
		"DC-SCRIPT":         {ES: "Script que no puede ejecutarse", EN: "Script that cannot run"},
		"DC-COMMAND":        {ES: "El contenedor termina enseguida", EN: "The container ends at once"},
		"DC-FEATURE":        {ES: "Feature", EN: "Feature"},
		"DC-EXTENSION":      {ES: "Identificador de extensión", EN: "Id of an extension"},
		"DC-DOCKERFILE":     {ES: "Falta el Dockerfile", EN: "Dockerfile missing"},
		"DC-INSTRUCTION":    {ES: "Dockerfile con errores", EN: "Faulty Dockerfile"},
		"DC-FROM":           {ES: "Imagen base", EN: "Base image"},
		"DC-COPY":           {ES: "COPY sin origen", EN: "COPY without a source"},
		"DC-COMPOSE":        {ES: "Archivo de Compose", EN: "Compose file"},
		"DC-SERVICE":        {ES: "Falta el servicio de Compose", EN: "Compose service missing"},
		"DC-DEPENDS":        {ES: "Dependencia entre servicios", EN: "Dependency of a service"},
		"DC-NETWORK":        {ES: "Red de Compose", EN: "Network of Compose"},
		"DC-VOLUME":         {ES: "Volumen de Compose", EN: "Volume of Compose"},
		"DC-ENV-FILE":       {ES: "Falta el archivo de entorno", EN: "Environment file missing"},
		"DC-NAME":           {ES: "Nombre repetido", EN: "Name given twice"},
	}
}
