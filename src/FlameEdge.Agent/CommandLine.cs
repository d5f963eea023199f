using System.CommandLine;
using System.CommandLine.Invocation;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Agent;

/// <summary>Runs a command line: parsed, done, and every fault turned into one line and an exit code.</summary>
internal sealed class CommandLine
{
    // An agent stops its workers and says good-bye.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly RootCommand verbs;

    public CommandLine(RootCommand verbs, IReadOnlyList<IEngine> engines)
    {
        this.verbs = verbs;
        verbs.Options.OfType<VersionOption>().Single().Action = new VersionAction(engines);
    }

    /// <summary>The process's exit code (<see cref="ExitCode"/>).</summary>
    public async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parsed = verbs.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var problem in parsed.Errors)
            {
                await error.WriteLineAsync($"{problem.Message} ({RootCommand.ExecutableName} --help shows what can be written)");
            }

            return ExitCode.BadJob;
        }

        try
        {
            var streams = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = Farewell };
            return await parsed.InvokeAsync(streams, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync(parsed.CommandResult.Command.Options.Any(static option => option.Name == "--resume") ? "interrupted; what was committed is kept, go on with --resume" : "interrupted");
            return ExitCode.Interrupted;
        }
        catch (Exception exception)
        {
            var message = exception.Message.ReplaceLineEndings(" ");
            await error.WriteLineAsync(exception is FlameEdgeException or IOException or UnauthorizedAccessException
                ? message
                : $"a fault of FlameEdge itself: {exception.GetType().Name}: {message} Please report it with this line and the job file.");
            return CodeOf(exception);
        }
    }

    private static int CodeOf(Exception exception) => exception switch
    {
        TopologyException => ExitCode.BadJob,
        DatasetException or ModelMismatchException or PayloadException => ExitCode.BadData,
        ChannelException { Fault: ChannelFault.PortInUse } => ExitCode.PortInUse,
        ChannelException { Fault: ChannelFault.Fenced } => ExitCode.Superseded,
        ChannelException => ExitCode.BrokerUnreachable,
        JobFailedException { IsTimeout: true } => ExitCode.TimedOut,
        JobFailedException => ExitCode.JobFailed,

        // An IOException is mostly a reader of our output that went away, as in `flame-edge … | head`.
        StateException or IOException or UnauthorizedAccessException => ExitCode.BadState,
        _ => ExitCode.Internal,
    };
}
