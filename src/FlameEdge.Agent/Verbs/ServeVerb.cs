using System.CommandLine;
using FlameEdge.Agent.Serving;

namespace FlameEdge.Agent.Verbs;

/// <summary><c>serve</c>: this device as an agent of a fleet.</summary>
internal static class ServeVerb
{
    public static Command Create(HostParts parts)
    {
        var verb = new Command("serve", "Join the fleet at a broker and run what its controller gives this device.");
        var arguments = new ServeArguments(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await ServeHost.RunAsync(parts, arguments.Read(parsed), parsed.InvocationConfiguration.Error, cancellationToken);
            return ExitCode.Ok;
        });
        return verb;
    }
}
