using FlameEdge.Agent.Configuration;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Systemd;
using FlameEdge.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FlameEdge.Agent.Serving;

/// <summary>The host around the agent: empty but for it, since every provider a host brings by default costs memory and start.</summary>
internal static class ServeHost
{
    private static readonly TimeSpan ShutdownBound = TimeSpan.FromSeconds(9);

    /// <summary>Serves until cancelled or told to stop by a signal.</summary>
    /// <exception cref="TopologyException">The configuration cannot work; the message has a line for each problem.</exception>
    public static async Task RunAsync(HostParts parts, AgentConfiguration configuration, TextWriter error, CancellationToken cancellationToken)
    {
        if (configuration.Faults is { Count: > 0 } faults)
        {
            throw new TopologyException(string.Join("; ", faults));
        }

        using var loggers = new Loggers(error) { Least = configuration.Settings.LogLevel };
        using var notifier = SystemdNotifier.OfEnvironment();
        using var service = new AgentService(parts, configuration, loggers, notifier);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = ShutdownBound);
        builder.Services.AddSingleton<IHostedService>(service);
        using (var host = builder.Build())
        {
            await host.RunAsync(cancellationToken);
        }

        // What ended it other than a stop is the process's fault to tell.
        await (service.ExecuteTask ?? Task.CompletedTask);
    }
}
