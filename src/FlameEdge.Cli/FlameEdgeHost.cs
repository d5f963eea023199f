using System.CommandLine;
using System.CommandLine.Invocation;
using FlameEdge.Cli.Verbs;
using FlameEdge.Diagnostics;
using FlameEdge.Hosting;
using FlameEdge.Tasklets;

namespace FlameEdge.Cli;

/// <summary>The operator's tool as a call: a program of your own that adds its roles and calls it <em>is</em> the tool, with those roles on board.</summary>
public static class FlameEdgeHost
{
    /// <summary>Runs one command line and returns the process's exit code (<see cref="ExitCode"/>). Results go to standard output, refusals to standard error.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="roles">Adds roles of your own to those on board.</param>
    public static Task<int> RunAsync(string[] args, Action<RoleCatalog>? roles = null) =>
        RunAsync(args, roles, Console.Out, Console.Error, CancellationToken.None);

    /// <summary>The same with other streams, for tests and for programs that embed the tool.</summary>
    public static async Task<int> RunAsync(string[] args, Action<RoleCatalog>? roles, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var catalog = StandardRoles.Catalog();
        roles?.Invoke(catalog);
        var parsed = CommandLine(catalog).Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var problem in parsed.Errors)
            {
                await error.WriteLineAsync($"{problem.Message} (flame-edge --help shows what can be written)");
            }

            return ExitCode.BadJob;
        }

        try
        {
            var streams = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(streams, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("interrupted; what was committed is kept, go on with --resume");
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
        ChannelException => ExitCode.BrokerUnreachable,
        JobFailedException { IsTimeout: true } => ExitCode.TimedOut,
        JobFailedException => ExitCode.JobFailed,

        // An IOException is mostly a reader of our output that went away, as in `flame-edge … | head`.
        StateException or IOException or UnauthorizedAccessException => ExitCode.BadState,
        _ => ExitCode.Internal,
    };

    private static RootCommand CommandLine(RoleCatalog catalog) => new("FlameEdge: learning on fleets of edge devices, described as a graph.")
    {
        new Command("topology", "Look at who would learn with whom, before any device is touched.")
        {
            TopologyExpandVerb.Create(),
            TopologyGraphVerb.Create(),
        },
        new Command("job", "Work with job files.")
        {
            JobValidateVerb.Create(catalog.Names),
        },
        new Command("model", "Look at models: what they hold, whether they can be trained, what they become.")
        {
            ModelInspectVerb.Create(),
            ModelCheckVerb.Create(),
            ModelExportVerb.Create(),
        },
        RunVerb.Create(catalog),
    };
}
