using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Output;

/// <summary>Warnings and errors as one line each on standard error: results stay alone on standard output.</summary>
internal sealed class Loggers(TextWriter error) : ILoggerFactory
{
    /// <summary>A factory that writes to <paramref name="error"/>.</summary>
    public static ILoggerFactory ToError(TextWriter error) => new Loggers(error);

    public ILogger CreateLogger(string categoryName) => new LineLogger(error);

    public void AddProvider(ILoggerProvider provider)
    {
        // One way out is enough for a tool.
    }

    public void Dispose()
    {
        // The stream belongs to the caller.
    }

    private sealed class LineLogger(TextWriter error) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lock (error)
                {
                    error.WriteLine($"{logLevel.ToString().ToLowerInvariant()}: {formatter(state, exception).ReplaceLineEndings(" ")}");
                    error.Flush();
                }
            }
        }
    }
}
