using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Plots;
using FlameEdge.Cli.Reading;
using FlameEdge.Cli.Running;
using FlameEdge.Cli.Verbs;
using FlameEdge.Models;
using FlameEdge.Tasklets;

namespace FlameEdge.Cli;

/// <summary>The operator's tool as a call: a program of your own that adds its roles and calls it <em>is</em> the tool, with those roles on board.</summary>
public static class FlameEdgeHost
{
    /// <summary>Runs one command line and returns the process's exit code (<see cref="ExitCode"/>). Results go to standard output, refusals to standard error.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="roles">Adds roles of your own to those on board.</param>
    /// <param name="engines">What trains here, the preferred one first; null for ONNX Runtime alone.</param>
    public static Task<int> RunAsync(string[] args, Action<RoleCatalog>? roles = null, IReadOnlyList<IEngine>? engines = null) =>
        RunAsync(args, roles, engines, Console.Out, Console.Error, CancellationToken.None);

    /// <summary>The same with other streams, for tests and for programs that embed the tool.</summary>
    public static Task<int> RunAsync(string[] args, Action<RoleCatalog>? roles, IReadOnlyList<IEngine>? engines, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parts = HostParts.Of(roles, engines) with
        {
            Tool = new() { ReadYaml = YamlSpecReader.Read, Live = LiveProgress.On, ShowRounds = ResultTable.Write, Plots = LearningCurves.Of },
        };
        return new CommandLine(Verbs(parts), parts.Engines).RunAsync(args, output, error, cancellationToken);
    }

    private static RootCommand Verbs(HostParts parts)
    {
        var verbs = Tree(parts);
        foreach (var verb in JobControlVerbs.Create())
        {
            verbs.Subcommands.Single(group => group.Name == "job").Add(verb);
        }

        return verbs;
    }

    private static RootCommand Tree(HostParts parts) => new("FlameEdge: learning on fleets of edge devices, described as a graph.")
    {
        new Command("topology", "Look at who would learn with whom, before any device is touched.")
        {
            TopologyExpandVerb.Create(),
            TopologyGraphVerb.Create(),
            TopologyAclVerb.Create(),
        },
        IdentityVerbs.Create(),
        new Command("broker", "Look at brokers.")
        {
            BrokerProbeVerb.Create(),
        },
        new Command("job", "Work with jobs: their files, and those a controller runs.")
        {
            JobValidateVerb.Create(parts.Roles.Names),
            JobJsonVerb.Create(),
            JobPlanVerb.Create(),
            JobSubmitVerb.Create(),
            JobShowVerb.Create(),
        },
        FleetVerbs.Create(),
        ControllerVerb.Create(),
        DoctorVerb.Create(parts.Engines),
        new Command("model", "Look at models: what they hold, whether they can be trained, what they become.")
        {
            ModelInspectVerb.Create(),
            ModelCheckVerb.Create(),
            ModelExportVerb.Create(),
        },
        new Command("canoe", "Borrow exactly the knowledge that is missing: what it is worth.")
        {
            CanoeBenchVerb.Create(),
            CanoeStreamsVerb.Create(),
        },
        new Command("sensor", "Play sensors, to try telemetry without any.")
        {
            SensorSimulateVerb.Create(),
        },
        RunVerb.Create(parts),
        ConfigExplainVerb.Create(),
    };
}
