// Alerts on what the app logs. Each line begins with the event's name, then the error code in parentheses if there is
// one, then the operation id in brackets. README.md lists the events and the codes; a test compares them with the rules.

param name string
param location string
param tags object
param workspaceId string
param emails array

@description('Whether the timer Reconcile has a schedule.')
param timerRuns bool

var events = 'AppTraces | extend Event = extract("^([a-z-]+[.][a-z-]+) ", 1, Message), Code = extract("^[a-z.-]+ [(]([a-z_]+)[)] ", 1, Message), Operation = extract(" .([0-9a-f]{32}). ", 1, Message)'

var perOperation = '| summarize Lines = count() by Operation'

// An alert fires if its query has more than `moreThan` rows within the window.
var rules = [
  {
    name: 'failures'
    description: 'More than ten calls within 15 minutes were answered with a status of 500 or above, or a function did not run at all.'
    severity: 2
    query: 'AppRequests | where ResultCode startswith "5" or (ResultCode == "0" and Success == false)'
    moreThan: 10
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'defect'
    description: 'A defect of the app ended an operation or stopped a record. Look up the operation id in this log.'
    severity: 1
    query: '${events} | where Event in ("operation.defect", "record.defect") ${perOperation}'
    moreThan: 0
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'token-refused'
    description: 'Azure DevOps or Aha! refuses a token. Save a new one in the integration.'
    severity: 1
    query: '${events} | where Code in ("azure_devops_credentials_rejected", "aha_credentials_rejected") ${perOperation}'
    moreThan: 0
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'reconcile-failed'
    description: 'The timer failed twice within an hour, so that lost notifications are not made up for.'
    severity: 2
    query: '${events} | where Event in ("reconcile.failed") ${perOperation}'
    moreThan: 1
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'timer-silent'
    description: 'The timer did not run for a day, so that nothing makes up for lost notifications and unfinished sends.'
    severity: 2
    query: 'AppRequests | where Name == "Reconcile" | summarize Runs = count() | where Runs == 0'
    moreThan: 0
    window: 'P1D'
    enabled: timerRuns
  }
  {
    name: 'hook-silent'
    description: 'The timer found changes twice that no notification had reported. Look at the subscription of the service hook.'
    severity: 2
    query: '${events} | where Event in ("reconcile.updated") ${perOperation}'
    moreThan: 1
    window: 'PT6H'
    enabled: true
  }
  {
    name: 'hook-disabled'
    description: 'The subscription of a service hook was disabled, and the app enabled it again. Look at its history in Azure DevOps.'
    severity: 3
    query: '${events} | where Event in ("subscription.enabled") ${perOperation}'
    moreThan: 0
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'claims-left-behind'
    description: 'Sends ended without finishing, more than five within an hour, and left their claims behind. Look for restarts and time-outs.'
    severity: 2
    query: '${events} | where Event in ("claim.taken-over", "send.unfinished") ${perOperation}'
    moreThan: 5
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'send-given-up'
    description: 'A send did not finish, and the timer no longer tries. Correct what the entry names, then send the feature again.'
    severity: 1
    query: '${events} | where Event in ("send.given-up") ${perOperation}'
    moreThan: 0
    window: 'PT1H'
    enabled: true
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${name}-alerts'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'aha-ado'
    emailReceivers: [for (email, index) in emails: {
      name: 'email-${index}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: ${rule.name}'
    description: rule.description
    enabled: rule.enabled
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: rule.window
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.moreThan
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(emails) ? [] : [group.id]
    }
  }
}]
