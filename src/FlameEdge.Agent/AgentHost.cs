using System.CommandLine;
using FlameEdge.Agent.Verbs;
using FlameEdge.Hosting;
using FlameEdge.Models;
using FlameEdge.Onnx;
using FlameEdge.Tasklets;

namespace FlameEdge.Agent;

/// <summary>
/// The device's program as a call: lean, and fit for native compilation. A program of your own that adds its roles and calls it <em>is</em> an agent with those
/// roles on board. <c>FlameEdge.Cli</c> has the same entry with the operator's tool around it.
/// </summary>
public static class AgentHost
{
    /// <summary>Runs one command line and returns the process's exit code (<see cref="ExitCode"/>). Results go to standard output, refusals to standard error.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="roles">Adds roles of your own to those on board.</param>
    /// <param name="engines">What trains here, the preferred one first; null for ONNX Runtime alone.</param>
    public static Task<int> RunAsync(string[] args, Action<RoleCatalog>? roles = null, IReadOnlyList<IEngine>? engines = null) =>
        RunAsync(args, roles, engines, Console.Out, Console.Error, CancellationToken.None);

    /// <summary>The same with other streams, for tests and for programs that embed the agent.</summary>
    public static Task<int> RunAsync(string[] args, Action<RoleCatalog>? roles, IReadOnlyList<IEngine>? engines, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parts = HostParts.Of(roles, engines);
        var verbs = new RootCommand("FlameEdge on a device: learning on fleets of edge devices, described as a graph.") { RunVerb.Create(parts), ServeVerb.Create(parts), ConfigExplainVerb.Create() };
        return new CommandLine(verbs, parts.Engines).RunAsync(args, output, error, cancellationToken);
    }
}
