using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Agent;

/// <summary><c>--version</c>: the program, where it runs and how, and the engines on board: <c>flame-edge-agent 0.1.0 (linux-x64, native; onnx 1.31.1)</c>.</summary>
internal sealed class VersionAction(IReadOnlyList<IEngine> engines) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var program = Assembly.GetEntryAssembly()?.GetName();
        var how = RuntimeFeature.IsDynamicCodeCompiled ? "just-in-time" : "native";
        var version = (program ?? typeof(JobPlan).Assembly.GetName()).Version!.ToString(3); // Every assembly of ours has one.
        parseResult.InvocationConfiguration.Output.WriteLine(
            $"{program?.Name ?? "flame-edge"} {version} ({RuntimeInformation.RuntimeIdentifier}, {how}; {string.Join(", ", engines.Select(engine => $"{engine.Name} {engine.Version}"))})");
        return ExitCode.Ok;
    }
}
